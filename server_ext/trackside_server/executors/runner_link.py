"""The server's way to one runner: gives it orders, one after the other, and hears how each attempt went."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import TypeVar

import msgspec

from trackside.models import Reason
from trackside_server.domain.attempt import AttemptRecord

__all__ = ["Answer", "Over", "RunnerLink"]

_PART = 65536
_T = TypeVar("_T")


class Answer(msgspec.Struct, frozen=True):
    """What a runner says to an order; exactly one of these."""

    started: AttemptRecord | None = None
    given_back: Reason | None = None
    failed: Reason | None = None
    exists: bool = False


class Over(msgspec.Struct, frozen=True):
    """Its last word on an attempt: the record, None where it could not be written, and whether it takes another order."""

    ended: AttemptRecord | None = None
    again: bool = False


class RunnerLink:
    """One connection to one runner. A runner that has nothing to do ends when its link is closed."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = b""

    async def ask(self, order: bytes) -> Answer | None:
        """Send the frame of an order and return the answer; None when the runner ended without one."""
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_sendall(self._connection, order)
            while b"\n" not in self._received:
                part = await loop.sock_recv(self._connection, _PART)
                if not part:
                    return None
                self._received += part
        except ConnectionError:
            return None
        return self._take(Answer)

    def when_over(self, heard: Callable[[Over | None], None]) -> None:
        """Have the last word on the attempt told, None when the runner was killed before it could say one."""
        loop = asyncio.get_running_loop()
        if b"\n" in self._received:
            loop.call_soon(heard, self._take_last_word())
        else:
            loop.add_reader(self._connection, self._hear, heard)

    def _hear(self, heard: Callable[[Over | None], None]) -> None:
        part = b""
        with contextlib.suppress(ConnectionError):
            part = self._connection.recv(_PART)
        self._received += part
        if part and b"\n" not in self._received:
            return
        self.hear_no_more()
        heard(self._take_last_word() if part else None)

    def when_gone(self, gone: Callable[[], None]) -> None:
        """Have the end of a runner told that waits for an order."""
        asyncio.get_running_loop().add_reader(self._connection, gone)

    def hear_no_more(self) -> None:
        """Have nothing told any more."""
        asyncio.get_running_loop().remove_reader(self._connection)

    def close(self) -> None:
        """Hang up; an attempt that is under way goes on."""
        self.hear_no_more()
        self._connection.close()

    def _take_last_word(self) -> Over | None:
        """None for one that cannot be read: what is on the disk counts then."""
        try:
            return self._take(Over)
        except msgspec.DecodeError:
            return None

    def _take(self, kind: type[_T]) -> _T:
        line, _, self._received = self._received.partition(b"\n")
        return msgspec.json.decode(line, type=kind)
