"""The one WebSocket of a browser window, with all its subscriptions."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
from jupyter_server.auth import authorized
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from trackside.errors import TracksideError
from trackside.models.stream import ClientMessage, ServerMessage, StreamError, Subscribe
from trackside_server.engine import subscribe
from trackside_server.handlers.base import Route

__all__ = ["ROUTES"]

_DECODER = msgspec.json.Decoder(ClientMessage)
_ENCODER = msgspec.json.Encoder()
_MOST = 500
"""Subscriptions that one window may hold."""


class StreamSocket(Route, WebSocketMixin, WebSocketHandler, JupyterHandler):
    """``ws``: the window subscribes and unsubscribes, the server sends."""

    @ws_authenticated
    @authorized
    async def get(self) -> None:
        """Open the WebSocket."""
        await self.enter()
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
                async for message in messages:
                    await self.write_message(_ENCODER.encode(message).decode())
        except TracksideError as error:
            self._say(StreamError(request.sub, error.code, error.message, error.hint))
        except WebSocketClosedError:
            return
        finally:
            if self._tasks.get(request.sub) is asyncio.current_task():
                del self._tasks[request.sub]

    def _say(self, message: ServerMessage) -> None:
        with contextlib.suppress(WebSocketClosedError):
            self.write_message(_ENCODER.encode(message).decode())


ROUTES = [("ws", StreamSocket)]
