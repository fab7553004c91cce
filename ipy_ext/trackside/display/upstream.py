"""All subscriptions of a kernel's panels over one WebSocket to the server, taken up again exactly where it broke."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from trackside.client.backoff import delays
from trackside.client.websocket import WebSocket
from trackside.errors import TracksideError
from trackside.models.stream import Subscribe, Unsubscribe

if TYPE_CHECKING:
    from trackside.client import AsyncClient

__all__ = ["Upstream"]

_log = logging.getLogger(__name__)
Heard = Callable[[str, str], Awaitable[None]]


class _Head(msgspec.Struct, frozen=True):
    """What every message begins with; the rest is not looked at."""

    type: str
    sub: str = ""
    next: int | None = None


_head = msgspec.json.Decoder(_Head)
_encoder = msgspec.json.Encoder()


class Upstream:
    """``hear`` gets each message with its subscription, and is waited for: a slow listener slows the server.

    A connection exists while something is subscribed. ``linked`` is told when it opens and when it breaks.
    """

    def __init__(self, client: AsyncClient, hear: Heard, linked: Callable[[bool], None]) -> None:
        self._client = client
        self._hear = hear
        self._linked = linked
        self._held: dict[str, Subscribe] = {}
        self._socket: WebSocket | None = None
        self._wanted = asyncio.Event()

    async def subscribe(self, request: Subscribe) -> None:
        """Begin a subscription, now or as soon as a connection stands."""
        self._held[request.sub] = request
        self._wanted.set()
        await self._say(request)

    async def unsubscribe(self, sub: str) -> None:
        """End a subscription; with the last one the connection is closed."""
        if self._held.pop(sub, None) is not None:
            await self._say(Unsubscribe(sub))
        if not self._held:
            self._wanted.clear()
            await self._leave()

    async def run(self) -> None:
        """Keep a connection while one is needed; runs until it is cancelled."""
        pauses = delays()
        try:
            while True:
                await self._wanted.wait()
                try:
                    await self._one_connection()
                    pauses = delays()
                except TracksideError as error:
                    _log.debug("the stream of this kernel's panels broke: %s", error)
                if self._held:
                    self._linked(False)
                    await asyncio.sleep(next(pauses))
        finally:
            await self._leave()

    async def _one_connection(self) -> None:
        socket = await WebSocket.open(await self._client.address())
        self._socket = socket
        try:
            self._linked(True)
            for request in list(self._held.values()):
                await self._say(request)
            async for text in socket.messages():
                await self._take(text)
        finally:
            self._socket = None
            await socket.close()

    async def _take(self, text: str) -> None:
        head = _head.decode(text)
        request = self._held.get(head.sub)
        if request is None:
            return
        if head.type in ("done", "error"):
            del self._held[head.sub]
        elif head.next is not None:
            self._held[head.sub] = replace(request, since=head.next, tail=None)
        await self._hear(head.sub, text)

    async def _say(self, message: Subscribe | Unsubscribe) -> None:
        if self._socket is not None:
            with suppress(TracksideError):  # the reader notices, and begins anew
                await self._socket.send(_encoder.encode(message).decode())

    async def _leave(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()
