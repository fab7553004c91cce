"""Servers of one home wake each other after a commit: an empty datagram to every socket in ``<home>/servers/``."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from trackside_server.domain.place import host_part

__all__ = ["Wake"]


class Wake:
    """This server's socket, and the way to the others'. A lost datagram costs a poll interval, never a change."""

    def __init__(self, home: Path, on_wake: Callable[[], None]) -> None:
        self._folder = home / "servers"
        self._on_wake = on_wake
        self._host = host_part()
        self._name = f"{self._host}-{os.getpid()}.sock"
        self._socket: socket.socket | None = None

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Bind the socket and begin to listen on the loop."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        with _short_path(self._folder) as folder:
            path = folder / self._name
            path.unlink(missing_ok=True)
            bound.bind(str(path))
        self._socket = bound
        loop.add_reader(bound.fileno(), self._receive)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop listening and take the socket away."""
        if self._socket is None:
            return
        loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._socket = None
        (self._folder / self._name).unlink(missing_ok=True)

    def others(self) -> int:
        """Wake every other server of the home and return how many there are. May be called from any thread."""
        if self._socket is None:
            return 0
        names = [entry.name for entry in os.scandir(self._folder) if self._is_here(entry.name)]
        if names == [self._name]:
            return 0
        with _short_path(self._folder) as folder:
            return sum(self._send(folder / name) for name in names if name != self._name)

    def _is_here(self, name: str) -> bool:
        """Whether it is a socket of this host: on a network home there are those of others, which nobody here hears."""
        return name.endswith(".sock") and name.rpartition("-")[0] == self._host

    def _send(self, path: Path) -> bool:
        """Whether somebody listens there; the socket of a dead server is removed."""
        assert self._socket is not None
        try:
            self._socket.sendto(b"", str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return False
        except BlockingIOError:
            return True  # its queue is full of wake-ups that it has still to read
        return True

    def _receive(self) -> None:
        assert self._socket is not None
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(16)
        self._on_wake()


@contextlib.contextmanager
def _short_path(folder: Path) -> Iterator[Path]:
    """Give a name for the folder that fits into a socket address (108 bytes) however deep it lies."""
    if len(str(folder)) < 80 or not Path("/proc/self/fd").exists():
        yield folder
        return
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
