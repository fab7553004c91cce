"""The template: the process that runners are forked from, and that takes over the job of a runner that was killed.

It reads nothing of what the server sends but the first byte, so no secret is ever in its memory. One poll waits for
everything; nothing in here blocks.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import struct
import sys
import time
import traceback

from trackside_server.runner import kernel
from trackside_server.runner.order import OPENING
from trackside_server.runner.wakeup import Wakeup
from trackside_server.runner.wards import Wards

__all__ = ["Template"]

_SILENT = 5.0
"""Seconds that a connection may take to send its first byte."""
_LOOK_AROUND = 60.0
_AFTER_ERROR = 0.1


class Template:
    """Serves the connections to one listening socket until nobody needs it any more."""

    def __init__(self, listener: socket.socket, path: str, idle: float) -> None:
        self._listener: socket.socket | None = listener
        self._path = path
        self._file = _file(path)
        self._idle = idle
        self._poll = select.poll()
        self._wards = Wards()
        self._silent: dict[int, tuple[socket.socket, float]] = {}
        self._last_used = time.monotonic()
        self._look_around = self._last_used + _LOOK_AROUND

    def run(self) -> None:
        """Serve until idle for long enough, or until retired and the last runner has ended."""
        kernel.become_subreaper()
        kernel.name_process("trackside-tmpl")
        self._wakeup = Wakeup(signal.SIGCHLD, signal.SIGUSR1, signal.SIGTERM)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        assert self._listener is not None
        self._listener.setblocking(False)
        self._poll.register(self._listener, select.POLLIN)
        self._poll.register(self._wakeup.descriptor, select.POLLIN)
        gc.disable()
        gc.freeze()
        while self._is_needed():
            try:
                self._turn()
            except Exception:  # noqa: BLE001  (whatever it was, the runners need their template)
                traceback.print_exc()
                time.sleep(_AFTER_ERROR)

    def _turn(self) -> None:
        timeout = max(0.0, self._next() - time.monotonic())
        for descriptor, _ in self._poll.poll(timeout * 1000 + 1):
            self._serve(descriptor)
        self._drop_silent()
        self._wards.reap()
        self._wards.step()
        if self._listener is not None:
            self._wards.keep_spare()

    def _is_needed(self) -> bool:
        now = time.monotonic()
        if self._busy():
            self._last_used = self._look_around = now  # another version may have come meanwhile
            return True
        if now >= self._look_around and self._listener is not None:
            self._look_around = now + _LOOK_AROUND
            if _file(self._path) != self._file:
                self._retire()
        if self._listener is not None and now - self._last_used >= self._idle:
            self._retire()
        return self._listener is not None or self._busy()

    def _busy(self) -> bool:
        return bool(self._silent) or self._wards.busy

    def _retire(self) -> None:
        """Take no more connections; those that came in time are served."""
        if self._listener is None:
            return
        if _file(self._path) == self._file:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
        self._accept()
        self._poll.unregister(self._listener)
        self._listener.close()
        self._listener = None

    def _next(self) -> float:
        now = time.monotonic()
        moments = [now + _LOOK_AROUND]
        if self._listener is not None and not self._busy():
            moments += [max(self._last_used + self._idle, now), max(self._look_around, now)]
        moments += [since + _SILENT for _, since in self._silent.values()]
        moments += self._wards.due_at(keep_spare=self._listener is not None)
        return min(moments)

    def _serve(self, descriptor: int) -> None:
        if self._listener is not None and descriptor == self._listener.fileno():
            self._accept()
        elif descriptor == self._wakeup.descriptor:
            signals = self._wakeup.signals()
            if signal.SIGTERM in signals:
                self._retire()
            if signal.SIGUSR1 in signals:
                self._wards.wake()
        elif descriptor in self._silent:
            self._look_at(descriptor)

    def _accept(self) -> None:
        while self._listener is not None:
            try:
                connection, _ = self._listener.accept()
            except (BlockingIOError, ConnectionError):
                return
            except OSError as error:  # out of descriptors: what was accepted must end first
                print(f"template: {error}", file=sys.stderr)  # noqa: T201
                return
            if _is_ours(connection):
                connection.setblocking(False)
                self._silent[connection.fileno()] = (connection, time.monotonic())
                self._poll.register(connection, select.POLLIN)
                self._look_at(connection.fileno())
            else:
                connection.close()

    def _look_at(self, descriptor: int) -> None:
        """Get a runner for a connection that asks for one by its first byte; drop one that asks for anything else."""
        connection = self._silent[descriptor][0]
        try:
            opening = connection.recv(len(OPENING), socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            opening = b""
        del self._silent[descriptor]
        self._poll.unregister(descriptor)
        if opening == OPENING:
            self._wards.give(connection)
        connection.close()

    def _drop_silent(self) -> None:
        now = time.monotonic()
        for descriptor, (connection, since) in list(self._silent.items()):
            if now - since >= _SILENT:
                del self._silent[descriptor]
                self._poll.unregister(descriptor)
                connection.close()


def _is_ours(connection: socket.socket) -> bool:
    """Whether the other end belongs to our own user."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(uid == os.getuid())


def _file(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
