"""The server's way to a template: connects to the one of this home, and starts it when there is none."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from trackside.errors import TryAgain
from trackside_server.domain.place import host_part
from trackside_server.isolation.scopes import IN_SCOPE, scopes

__all__ = ["TemplateLink"]

_IDLE = 600.0
_BACKLOG = 512
_LONGEST_NAME = 100
_QUEUE_FULL = 0.01
_STARTER_TIMEOUT = 10.0
_KEPT_VARIABLES = (
    *("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "TMPDIR", "TRACKSIDE_LOCKS", "TZ", "USER"),
    "XDG_RUNTIME_DIR",
)


class TemplateLink:
    """Connections to the template of one home and of exactly this version of the program.

    ``idle`` is the number of seconds after which a template that nobody needs ends.
    """

    def __init__(self, home: Path, *, idle: float = _IDLE) -> None:
        self._folder = home / "run"
        self._family = f"template-{host_part()}-"
        self._name = f"{self._family}{_fingerprint()}.sock"
        self._idle = idle

    @property
    def path(self) -> Path:
        """The socket's path."""
        return self._folder / self._name

    async def connect(self) -> socket.socket:
        """Return a connection to a living template, started if there is none.

        Raises TryAgain when none can be started.
        """
        while True:
            with contextlib.suppress(BlockingIOError):
                connection = self._try_connect()
                if connection is None:
                    connection = await asyncio.to_thread(self._start_and_connect)
                return connection
            await asyncio.sleep(_QUEUE_FULL)  # more are waiting for the template than its socket can queue

    def _try_connect(self) -> socket.socket | None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            with _short_name(self.path) as name:
                connection.connect(name)
        except BlockingIOError:
            connection.close()
            raise
        except OSError:
            connection.close()
            return None
        return connection

    def _start_and_connect(self) -> socket.socket:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "template.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            connection = self._try_connect()
            if connection is not None:
                return connection
            self._start()
            connection = self._try_connect()
        if connection is None:
            raise TryAgain("The template process could not be started.", hint=f"See {self._folder / 'template.log'}.")
        return connection

    def _start(self) -> None:
        """Start a template on a socket that already listens: who connects from now on is served as soon as it runs."""
        for path in self._folder.glob(f"{self._family}*.sock"):  # one of another version ends with its last runner
            path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            with _short_name(self.path) as name:
                listener.bind(name)
            self.path.chmod(0o600)
            listener.listen(_BACKLOG)
            if not any(self._launch(prefix, listener) for prefix in scopes()):
                self.path.unlink()
                raise TryAgain(
                    "The template process could not be started.", hint=f"See {self._folder / 'template.log'}."
                )

    def _launch(self, prefix: list[str], listener: socket.socket) -> bool:
        """Run the starter, which leaves the template behind and ends; whether it ended well."""
        program = Path(__file__).parent.parent / "runner" / "__main__.py"
        number = listener.fileno()
        argv = [*prefix, sys.executable, "-I", "-S", str(program), str(number), str(self.path), str(self._idle)]
        with (self._folder / "template.log").open("ab") as log:
            try:
                starter = subprocess.run(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**_environment(os.environ), **({IN_SCOPE: "1"} if prefix else {})},
                    pass_fds=[number],
                    timeout=_STARTER_TIMEOUT,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                log.write(f"{error}\n".encode())
                return False
        return starter.returncode == 0


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The template outlives servers; what is nobody's secret and what it needs is all it gets."""
    kept = {name: environ[name] for name in _KEPT_VARIABLES if name in environ}
    path = [entry for entry in sys.path if entry]
    return {**kept, "TRACKSIDE_TEMPLATE_PATH": os.pathsep.join(path)}


@functools.cache
def _fingerprint() -> str:
    """Return what differs whenever a template of one server must not serve another: interpreter and program."""
    root = Path(__file__).parent.parent
    files = sorted([*(root / "runner").glob("*.py"), *(root / "isolation").glob("*.py")])
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr((sys.executable, sys.version, str(root), stats)).encode()).hexdigest()[:12]


@contextlib.contextmanager
def _short_name(path: Path) -> Iterator[str]:
    """Give a name for this socket that fits into an address (108 bytes on Linux), however deep the home lies."""
    if len(os.fsencode(path)) <= _LONGEST_NAME:
        yield str(path)
        return
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)
