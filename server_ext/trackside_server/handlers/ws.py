"""The one WebSocket of a browser window, with all its subscriptions."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import msgspec
from jupyter_server.auth import authorized
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from trackside.errors import TracksideError, TryAgain
from trackside.models.stream import ClientMessage, ServerMessage, StreamError, Subscribe
from trackside_server.engine import subscribe
from trackside_server.engine.streams import Messages
from trackside_server.handlers.base import Route, status_of

__all__ = ["ROUTES"]

_DECODER = msgspec.json.Decoder(ClientMessage)
_ENCODER = msgspec.json.Encoder()
_LOG = logging.getLogger("trackside.server")
_TRY_AGAIN_LATER = 1013
_MOST = 500
"""Subscriptions that one window may hold."""


class StreamSocket(Route, WebSocketMixin, WebSocketHandler, JupyterHandler):
    """``ws``: the window subscribes and unsubscribes, the server sends."""

    @ws_authenticated
    @authorized
    async def get(self) -> None:
        """Open the WebSocket."""
        try:
            await self.enter()
        except TracksideError as error:
            raise HTTPError(status_of(error), error.message) from error
        self._tasks: dict[str, asyncio.Task[None]] = {}
        await super().get()

    def on_message(self, message: str | bytes) -> None:
        """Begin or end a subscription."""
        try:
            request = _DECODER.decode(message)
        except msgspec.DecodeError as error:
            self._say(StreamError("", "invalid_input", f"This message cannot be read: {error}."))
            return
        self._end(request.sub)
        if isinstance(request, Subscribe):
            if len(self._tasks) >= _MOST:
                self._say(StreamError(request.sub, "try_again", f"This window has {_MOST} subscriptions already."))
                return
            self._tasks[request.sub] = asyncio.create_task(self._send(request), name=f"trackside-ws-{request.sub}")

    def on_close(self) -> None:
        """End all subscriptions."""
        for sub in list(getattr(self, "_tasks", {})):
            self._end(sub)
        super().on_close()

    def _end(self, sub: str) -> None:
        task = self._tasks.pop(sub, None)
        if task is not None:
            task.cancel()

    async def _send(self, request: Subscribe) -> None:
        try:
            messages = await subscribe.subscribe(self.core, request)
            async with contextlib.aclosing(messages):
                await self._send_all(messages)
        except TracksideError as error:
            self._say(StreamError(request.sub, error.code, error.message, error.hint))
        except WebSocketClosedError:
            return
        except Exception as error:  # noqa: BLE001  # the boundary of a task: the window is told
            _LOG.exception("the subscription to %s %s failed", request.channel, request.run or "")
            self._say(StreamError(request.sub, "internal_error", f"This subscription failed: {type(error).__name__}."))
        finally:
            if self._tasks.get(request.sub) is asyncio.current_task():
                del self._tasks[request.sub]

    async def _send_all(self, messages: Messages) -> None:
        try:
            async for message in messages:
                await self.write_message(_ENCODER.encode(message).decode())
        except TryAgain as error:  # too slow: it connects again, with the positions that it has
            self.close(_TRY_AGAIN_LATER, error.message)

    def _say(self, message: ServerMessage) -> None:
        with contextlib.suppress(WebSocketClosedError):
            self.write_message(_ENCODER.encode(message).decode())


ROUTES = [("ws", StreamSocket)]
