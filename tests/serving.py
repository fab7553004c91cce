"""A real Jupyter server with the extension, in folders of its own, started and killed by tests."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

__all__ = ["OTHERS", "SLACK", "LiveServer", "Place", "below", "stop_templates", "until"]

OTHERS = ("jupyterlab", "jupyter_lsp", "notebook", "notebook_shim", "jupyter_server_terminals")
"""Extensions that cost a server half of its start and that only a browser needs."""

SLACK = 8.0
"""Seconds that a busy machine may add to what a test waits for; how quick it is stands in ``make bench``."""

_T = TypeVar("_T")


def until(check: Callable[[], _T], what: str, timeout: float = 30.0, pause: float = 0.02) -> _T:
    """Return the first true answer of ``check``; fail with the last answer when there is none in time."""
    deadline = time.monotonic() + timeout
    while True:
        last = check()
        if last:
            return last
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s for {what}; last seen: {last!r}")
        time.sleep(pause)


def below(folder: Path) -> Iterator[Path]:
    """Yield all that lies below a folder, in which others make and remove things meanwhile (``rglob`` fails then)."""
    for parent, folders, files in os.walk(folder):
        yield from (Path(parent, name) for name in (*folders, *files))


@dataclass
class Place:
    """Folders that keep a server and its kernels apart from everything else on the machine."""

    root: Path

    @property
    def home(self) -> Path:
        """The Trackside home."""
        return self.root / "home"

    @property
    def runtime(self) -> Path:
        """Where servers leave their addresses."""
        return self.root / "runtime"

    def environment(self, **more: str) -> dict[str, str]:
        """Return an environment that points everything below ``root``."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY_", "TRACKSIDE"))
        }
        named = {
            "TRACKSIDE_HOME": self.home,
            "TRACKSIDE_LOCKS": self.root / "locks",
            "JUPYTER_RUNTIME_DIR": self.runtime,
            "JUPYTER_DATA_DIR": self.root / "data",
            "JUPYTER_CONFIG_DIR": self.root / "config",
            "JUPYTERLAB_SETTINGS_DIR": self.root / "lab-settings",
            "JUPYTERLAB_WORKSPACES_DIR": self.root / "lab-workspaces",
            "IPYTHONDIR": self.root / "ipython",
            "MPLCONFIGDIR": self.root / "mpl",
        }
        return {**kept, **{name: str(value) for name, value in named.items()}, **more}


@dataclass
class LiveServer:
    """One Jupyter server process. ``start`` waits until the extension answers; ``kill`` is SIGKILL."""

    place: Place
    command: tuple[str, ...] = ("jupyter_server",)
    options: tuple[str, ...] = ()
    base_url: str = "/"
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    healthy: bool = True
    """Whether the home can be opened; where it cannot, ``start`` waits for the server to say so."""
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    address: dict[str, Any] = field(default_factory=dict)
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30), repr=False)
    environment: dict[str, str] = field(default_factory=dict)
    """Variables for this server beyond those of its place."""
    without: tuple[str, ...] | None = None
    """Extensions that are switched off; None: all others than ours, unless it is JupyterLab that is started."""
    prefix: tuple[str, ...] = ()
    """A command before the interpreter, which must replace itself by it."""

    def start(self, timeout: float = 60.0) -> LiveServer:
        """Start the process and wait for its address and its health."""
        self._spawn()
        assert self.process is not None
        self.address = until(self._read_address, f"the address of server {self.process.pid}", timeout)
        until(self._says_its_health, "the server's health", timeout)
        return self

    def start_bare(self, timeout: float = 60.0) -> None:
        """Start the process without waiting for the extension, which is switched off."""
        self._spawn()
        assert self.process is not None
        file = self.place.runtime / f"jpserver-{self.process.pid}.json"
        until(lambda: file.exists() and file.read_text().strip().endswith("}"), f"{file}", timeout)
        url = json.loads(file.read_text())["url"]

        def answers() -> bool:
            with contextlib.suppress(httpx.ConnectError):
                answer = self.client.get(url + "api/status", headers={"Authorization": f"token {self.token}"})
                return answer.status_code == 200
            return False

        until(answers, url, timeout)

    def _spawn(self) -> None:
        self.place.root.mkdir(parents=True, exist_ok=True)
        work = self.place.root / "work"
        work.mkdir(exist_ok=True)
        log = (self.place.root / "server.log").open("ab")
        self.process = subprocess.Popen(
            [
                *self.prefix,
                sys.executable,
                "-m",
                *self.command,
                "--no-browser",
                "--allow-root",
                "--ip=127.0.0.1",
                f"--port={self.port}",
                f"--ServerApp.base_url={self.base_url}",
                f"--IdentityProvider.token={self.token}",
                f"--ServerApp.root_dir={work}",
                *self._switched_off(),
                *self.options,
            ],
            env=self.place.environment(**self.environment),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        log.close()

    def _switched_off(self) -> list[str]:
        without = self.without
        if without is None:
            without = () if self.command == ("jupyterlab",) else OTHERS
        return [f"--ServerApp.jpserver_extensions={dict.fromkeys(without, False)}"] if without else []

    def _says_its_health(self) -> bool:
        try:
            return (self.get("health").status_code == 200) is self.healthy
        except httpx.ConnectError:
            return False

    def _read_address(self) -> dict[str, Any] | None:
        assert self.process is not None
        if self.process.poll() is not None:
            tail = (self.place.root / "server.log").read_text(errors="replace")[-3000:]
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{tail}")
        try:
            name = f"trackside-{self.process.pid}.json" if self.healthy else f"jpserver-{self.process.pid}.json"
            found: dict[str, Any] = json.loads((self.place.runtime / name).read_text())
            found.setdefault("api", f"{found['url']}trackside/api/v1/")
        except (FileNotFoundError, ValueError):
            return None
        return found

    @contextlib.contextmanager
    def events(self, path: str, **options: Any) -> Iterator[Iterator[tuple[str, str, dict[str, Any]]]]:
        """Open a stream of server-sent events; gives (event, id, data) of each as it comes."""
        headers = {"Authorization": f"token {self.token}", **options.pop("headers", {})}
        with self.client.stream("GET", self.api + path, headers=headers, timeout=30, **options) as answer:
            assert answer.status_code == 200, answer.read()
            yield _frames(answer.iter_lines())

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self.process is not None
        return self.process.pid

    @property
    def api(self) -> str:
        """The address of the REST interface, with a slash at its end."""
        return str(self.address["api"])

    @property
    def url(self) -> str:
        """The address of the Jupyter server, with a slash at its end."""
        return str(self.address["url"])

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request with Jupyter's token."""
        headers = {"Authorization": f"token {self.token}", **options.pop("headers", {})}
        return self.client.request(method, self.api + path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Send a GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """Send a POST."""
        return self.request("POST", path, **options)

    def submit(self, **fields: Any) -> dict[str, Any]:
        """Submit a job and return it."""
        answer = self.post("jobs", json={"workdir": "/tmp", **fields})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def job(self, job: str) -> dict[str, Any]:
        """Return a job."""
        answer = self.get(f"jobs/{job}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def ended(self, job: str, timeout: float = 30.0) -> dict[str, Any]:
        """Wait for a job's end and return it."""
        final = {"completed", "failed", "cancelled"}
        until(lambda: self.job(job)["status"] in final, f"the end of {job}: {self.job(job)}", timeout)
        return self.job(job)

    def running(self, job: str, timeout: float = 30.0) -> dict[str, Any]:
        """Wait until a job runs and return it."""
        until(lambda: self.job(job)["status"] == "running", f"the start of {job}: {self.job(job)}", timeout)
        return self.job(job)

    def kill(self) -> None:
        """Kill the process with SIGKILL, by its id."""
        assert self.process is not None
        print(f"SIGKILL to server {self.process.pid}")
        self.process.kill()
        self.process.wait()

    def stop(self) -> float:
        """End the process with SIGTERM; return the seconds that it took."""
        assert self.process is not None
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        return time.monotonic() - began


def _frames(lines: Iterator[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    kind, number, data = "", "", ""
    for line in lines:
        if line.startswith("event: "):
            kind = line[7:]
        elif line.startswith("id: "):
            number = line[4:]
        elif line.startswith("data: "):
            data = line[6:]
        elif not line and kind:
            yield kind, number, json.loads(data)
            kind, number, data = "", "", ""


def stop_templates(home: Path) -> None:
    """End the templates and jobs that tests left in a home, by the ids in their records."""
    for pid in sorted(_recorded_pids(home)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _recorded_pids(home: Path) -> Iterator[int]:
    for record in home.glob("runs/*/attempts/*.json"):
        with contextlib.suppress(ValueError, OSError):
            content = json.loads(record.read_text())
            for role in ("template", "runner", "process"):
                identity = content.get(role)
                if identity and Path(f"/proc/{identity['pid']}/stat").exists() and _same(identity):
                    yield int(identity["pid"])


def _same(identity: dict[str, Any]) -> bool:
    try:
        stat = Path(f"/proc/{identity['pid']}/stat").read_bytes()
    except OSError:
        return False
    return int(stat[stat.rindex(b")") + 2 :].split()[19]) == identity["start_time"]
