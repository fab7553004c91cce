"""Server-sent events: the live messages as a program reads them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import msgspec
from jupyter_server.auth import authorized
from tornado.iostream import StreamClosedError
from tornado.web import authenticated

from trackside.models.stream import Done, EventMessage, ServerMessage, StreamError, Subscribe
from trackside_server.engine import subscribe
from trackside_server.engine.streams import Messages
from trackside_server.handlers.base import TracksideHandler

__all__ = ["ROUTES", "follow_log", "send_stream"]

_KEEP_ALIVE = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the connection."""


async def send_stream(handler: TracksideHandler, messages: Messages) -> None:
    """Send messages until they end or the reader goes away."""
    handler.set_header("Content-Type", "text/event-stream")
    handler.set_header("Cache-Control", "no-cache, no-transform")
    handler.set_header("X-Accel-Buffering", "no")
    with contextlib.suppress(StreamClosedError):
        await handler.flush()
        async with contextlib.aclosing(messages):
            async for message in _with_pauses(messages):
                handler.write(_frame(message) if message is not None else b": still here\n\n")
                await handler.flush()
    if not handler._finished:
        handler.finish()


async def follow_log(handler: TracksideHandler, run_id: str, offset: int | None, tail: int | None) -> None:
    """Send the log of a run from an offset, or from so many lines before its end."""
    since = _last_id(handler, offset)
    request = Subscribe("", "log", run=run_id, since=since, tail=tail if since is None else None)
    await send_stream(handler, await subscribe.subscribe(handler.core, request))


def _frame(message: ServerMessage) -> bytes:
    kind = type(message).__struct_config__.tag
    position = getattr(message, "next", None)
    head = f"id: {position}\n" if position is not None and not isinstance(message, (StreamError, Done)) else ""
    body: object = message.event if isinstance(message, EventMessage) else message
    return f"{head}event: {kind}\ndata: ".encode() + msgspec.json.encode(body) + b"\n\n"


async def _with_pauses(messages: Messages) -> AsyncGenerator[ServerMessage | None, None]:
    """The messages, with None after each long silence."""
    iterator = messages.__aiter__()
    pending: asyncio.Future[ServerMessage] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(iterator.__anext__())
            done, _ = await asyncio.wait({pending}, timeout=_KEEP_ALIVE)
            if not done:
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
    return int(text) if text.isdigit() else default


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
        request = Subscribe("", "system", interval=self.option("interval", float, 5.0))
        await send_stream(self, await subscribe.subscribe(self.core, request))


class RunStreamHandler(TracksideHandler):
    """``runs/{id}/stream``: metrics, log, progress and status of one run."""

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        """Stream the run from its start, or only what comes from now on (``from=end``)."""
        await send_stream(self, await subscribe.run_stream(self.core, run, self.get_query_argument("from", "start")))


ROUTES = [
    ("events", EventsHandler),
    ("system/stream", SystemStreamHandler),
    (r"runs/([^/]+)/stream", RunStreamHandler),
]
