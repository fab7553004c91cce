"""A browser window's WebSocket, driven by tests."""

from __future__ import annotations

import json
from typing import Any

import websocket

from tests.serving import LiveServer

__all__ = ["Message", "Window"]

Message = dict[str, Any]


class Window:
    """One WebSocket to a server; use it as a context."""

    def __init__(self, server: LiveServer, timeout: float = 30.0, **options: Any) -> None:
        address = server.api.replace("http", "ws", 1) + "ws"
        self._socket = websocket.create_connection(
            address, header=[f"Authorization: token {server.token}"], timeout=timeout, **options
        )
        self._kept: list[Message] = []

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def say(self, text: str | bytes) -> None:
        """Send a message as it is."""
        if isinstance(text, bytes):
            self._socket.send_binary(text)
        else:
            self._socket.send(text)

    def subscribe(self, sub: str, channel: str, **more: object) -> None:
        """Begin a subscription."""
        self.say(json.dumps({"op": "subscribe", "sub": sub, "channel": channel, **more}))

    def unsubscribe(self, sub: str) -> None:
        """End a subscription."""
        self.say(json.dumps({"op": "unsubscribe", "sub": sub}))

    def next(self) -> Message:
        """The next message of any subscription."""
        data = self._socket.recv()
        if not data:
            raise websocket.WebSocketConnectionClosedException("the server closed the window")
        found: Message = json.loads(data)
        return found

    def until(self, kind: str, sub: str) -> list[Message]:
        """The messages of one subscription up to the first of a kind; those of others are kept for their turn."""
        found, others = [], []
        while not found or found[-1]["type"] != kind:
            message = self._kept.pop(0) if self._kept else self.next()
            (found if message["sub"] == sub else others).append(message)
        self._kept = others + self._kept
        return found
