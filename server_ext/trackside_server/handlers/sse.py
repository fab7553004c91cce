"""Server-sent events: the live messages as a program reads them."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Callable
from typing import Any

import msgspec
from jupyter_server.auth import authorized
from tornado.iostream import StreamClosedError
from tornado.web import authenticated

from trackside.errors import TracksideError, TryAgain
from trackside.models.stream import Done, EventMessage, ServerMessage, StreamError, Subscribe
from trackside_server.engine import subscribe
from trackside_server.engine.streams import Messages
from trackside_server.handlers.base import TracksideHandler

__all__ = ["ROUTES", "follow_log", "send_stream"]

Place = Callable[[ServerMessage], str | None]
_KEEP_ALIVE = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the connection."""


async def send_stream(handler: TracksideHandler, messages: Messages, place: Place | None = None) -> None:
    """Send messages until they end or the reader goes away; ``place`` gives the id that resumes after a message."""
    handler.set_header("Content-Type", "text/event-stream")
    handler.set_header("Cache-Control", "no-cache, no-transform")
    handler.set_header("X-Accel-Buffering", "no")
    try:
        await handler.flush()
        async with contextlib.aclosing(messages), contextlib.aclosing(_with_pauses(messages, handler.gone)) as paced:
            async for message in paced:
                frame = b": still here\n\n" if message is None else _frame(message, (place or _place)(message))
                handler.write(frame)
                await handler.flush()
    except (StreamClosedError, TryAgain):
        pass  # the reader is gone, or too slow: it comes again with the last id it saw
    except TracksideError as error:
        handler.write(_frame(StreamError("", error.code, error.message, error.hint), None))
    if not handler._finished:
        handler.finish()


async def follow_log(handler: TracksideHandler, run_id: str, offset: int | None, tail: int | None) -> None:
    """Send the log of a run from an offset, or from so many lines before its end."""
    since = _last_id(handler, offset)
    request = Subscribe("", "log", run=run_id, since=since, tail=tail if since is None else None)
    await send_stream(handler, await subscribe.subscribe(handler.core, request))


def _place(message: ServerMessage) -> str | None:
    position = getattr(message, "next", None)
    return None if position is None or isinstance(message, (StreamError, Done)) else str(position)


def _frame(message: ServerMessage, place: str | None) -> bytes:
    kind = type(message).__struct_config__.tag
    head = f"id: {place}\n" if place is not None else ""
    body: object = message.event if isinstance(message, EventMessage) else message
    return f"{head}event: {kind}\ndata: ".encode() + msgspec.json.encode(body) + b"\n\n"


async def _with_pauses(messages: Messages, gone: asyncio.Future[None]) -> AsyncGenerator[ServerMessage | None, None]:
    """The messages, with None after each long silence, until the reader is gone."""
    pending: asyncio.Future[ServerMessage] | None = None
    try:
        while not gone.done():
            pending = pending or asyncio.ensure_future(anext(messages))
            either: tuple[asyncio.Future[Any], ...] = (pending, gone)
            await asyncio.wait(either, timeout=_KEEP_ALIVE, return_when=asyncio.FIRST_COMPLETED)
            if not pending.done():
                yield None
                continue
            try:
                message = pending.result()
            except StopAsyncIteration:
                return
            pending = None
            yield message
    finally:
        if pending is not None:
            pending.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await pending


def _last_id(handler: TracksideHandler, default: int | None) -> int | None:
    text = handler.request.headers.get("Last-Event-ID", "")
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else default


class EventsHandler(TracksideHandler):
    """``events``: state changes."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Stream every event after ``since`` (or ``Last-Event-ID``), by default from now on."""
        since = _last_id(self, self.option("since", int, None))
        await send_stream(self, await subscribe.subscribe(self.core, Subscribe("", "events", since=since)))


class SystemStreamHandler(TracksideHandler):
    """``system/stream``: the machine, again and again."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Stream samples every ``interval`` seconds."""
        details = bool(self.option("details", int, 0))
        request = Subscribe("", "system", interval=self.option("interval", float, 5.0), details=details)
        await send_stream(self, await subscribe.subscribe(self.core, request))


class RunStreamHandler(TracksideHandler):
    """``runs/{id}/stream``: metrics, log, progress, media and status of one run."""

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        """Stream the run from its start, or only what comes from now on (``from=end``).

        The ids name the positions, ``log:120,metrics:64,media:0``; sent back as ``Last-Event-ID`` they are gone on from.
        """
        positions = _read_places(self.request.headers.get("Last-Event-ID", ""))

        def place(message: ServerMessage) -> str | None:
            position = _place(message)
            if position is not None and message.sub in positions:
                positions[message.sub] = int(position)
            return position and ",".join(f"{name}:{number}" for name, number in positions.items())

        begin = self.get_query_argument("from", "start")
        await send_stream(self, await subscribe.run_stream(self.core, run, begin, positions), place)


def _read_places(text: str) -> dict[str, int]:
    return {name: int(position) for name, position in re.findall(r"\b(log|metrics|media):([0-9]{1,18})\b", text)}


ROUTES = [
    ("events", EventsHandler),
    ("system/stream", SystemStreamHandler),
    (r"runs/([^/]+)/stream", RunStreamHandler),
]
