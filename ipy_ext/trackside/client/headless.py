"""A server without JupyterLab, started for a home where no other server runs; one per home."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from trackside.client.address import Address
from trackside.client.server_file import ServerFile, folders_of, read, read_all
from trackside.errors import InvalidInput, ServerUnreachable
from trackside.tracking.home import ensure_home, jupyter_runtime_dir

__all__ = ["missing_parts", "start_server"]

_NEEDED = ("trackside_server", "jupyter_server", "sqlalchemy", "alembic", "cryptography", "numpy", "tsdownsample")
_TAKEN_OUT = (
    "JPY_",
    "JUPYTERHUB_",
    "JUPYTER_TOKEN",
    "TRACKSIDE_JOB_ID",
    "TRACKSIDE_RUN_",
    "TRACKSIDE_ATTEMPT",
    "TRACKSIDE_TOKEN",
    "TRACKSIDE_CA_CERT",
    "TRACKSIDE_CLIENT_CERT",
    "TRACKSIDE_CLIENT_KEY",
)
_POLL = 0.02
_children: list[subprocess.Popen[bytes]] = []


def start_server(
    home: Path,
    environ: Mapping[str, str],
    *,
    answers: Callable[[Address], bool],
    patience: float = 60.0,
) -> Address:
    """Return the server of this home, started now unless another process has just done so.

    It runs in its own session, writes to ``<home>/server.log`` and ends by itself 30 minutes after its last job and
    its last client. Raises ServerUnreachable when it cannot start, with the reason.
    """
    missing = missing_parts()
    if missing:
        raise _cannot_start(home, jupyter_runtime_dir(environ), missing)
    ensure_home(home)
    try:
        return _start_or_join(home, environ, answers, time.monotonic() + patience)
    except OSError as error:
        raise InvalidInput(
            f"No server can start for {home}: {error.strerror or error} ({error.filename}).",
            hint="Set TRACKSIDE_HOME to a folder that you may write to.",
        ) from error


def _start_or_join(home: Path, environ: Mapping[str, str], answers: Callable[[Address], bool], until: float) -> Address:
    folders = folders_of(home, environ)
    with _only_one(home / "headless.lock", until):
        for file in read_all(folders):
            if file.serves(home) and answers(file.address):
                return file.address
        address = _wait(_spawn(home, environ), home, folders, answers, until)
    _say(f"Trackside: no Jupyter server here; started one for {home} (ends 30 minutes after its last job)")
    return address


def missing_parts() -> list[str]:
    """Return the modules that a server needs and that this environment lacks."""
    return [name for name in _NEEDED if importlib.util.find_spec(name) is None]


@contextlib.contextmanager
def _only_one(path: Path, until: float) -> Iterator[None]:
    """Hold the lock of those who start a server for this home; the system frees it if we die."""
    import fcntl

    with path.open("a", encoding="utf-8") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise ServerUnreachable(
                        f"Another process has been starting a server for {path.parent} for a long time.",
                        hint=f"See {path.parent / 'server.log'}.",
                        code="no_server",
                    ) from None
                time.sleep(_POLL)
        yield


def _spawn(home: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the server in a session of its own, so that neither the kernel's end nor Ctrl-C reaches it."""
    env = {name: value for name, value in environ.items() if not name.startswith(_TAKEN_OUT)}
    log = os.open(home / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", "trackside_server", "--home", str(home)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=home,
            env=env,
            start_new_session=True,
        )
    finally:
        os.close(log)
    _children[:] = [one for one in _children if one.poll() is None] + [child]
    return child


def _wait(
    child: subprocess.Popen[bytes],
    home: Path,
    folders: Sequence[Path],
    answers: Callable[[Address], bool],
    until: float,
) -> Address:
    while True:
        file = _ready(child, home, folders, answers)
        if file is not None:
            return file.address
        if child.poll() is not None:
            raise _ended(f"The server for {home} ended at once with exit code {child.returncode}", home)
        if time.monotonic() > until:
            child.terminate()
            raise _ended(f"The server for {home} did not begin to answer", home)
        time.sleep(_POLL)


def _ready(
    child: subprocess.Popen[bytes], home: Path, folders: Sequence[Path], answers: Callable[[Address], bool]
) -> ServerFile | None:
    """Return the child's file once it answers; where the interpreter is a launcher, the server has another pid."""
    own = read(folders, child.pid)
    found = [own] if own is not None else [file for file in read_all(folders) if file.serves(home)]
    return next((file for file in found if answers(file.address)), None)


def _ended(what: str, home: Path) -> ServerUnreachable:
    log = home / "server.log"
    lines = [line for line in log.read_text("utf-8", "replace")[-4000:].splitlines() if line.strip()]
    last = f": {lines[-1].strip()}" if lines else "."
    return ServerUnreachable(f"{what}{last}", hint=f"See {log}.", code="no_server")


def _cannot_start(home: Path, runtime_dir: Path, missing: list[str]) -> ServerUnreachable:
    running = _jupyter_servers(runtime_dir)
    there = f" Or install it in the environment of the server at {running[0]} and restart that." if running else ""
    return ServerUnreachable(
        f"No Jupyter server with Trackside runs for {home}, and none can start here: {', '.join(missing)} is missing.",
        hint=f'pip install "trackside[lab]".{there}',
        code="no_server",
    )


def _jupyter_servers(runtime_dir: Path) -> list[str]:
    """Return the URLs of this user's Jupyter servers, whether or not they have the extension."""
    found = []
    for path in runtime_dir.glob("jpserver-*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            fields = json.loads(path.read_bytes())
            os.kill(int(fields["pid"]), 0)
            found.append(str(fields["url"]))
    return found


def _say(line: str) -> None:
    """Say one line to the person: in a notebook as plain output, elsewhere where it spoils no pipe."""
    out = sys.stdout if "ipykernel" in sys.modules else sys.stderr
    out.write(line + "\n")
    out.flush()
