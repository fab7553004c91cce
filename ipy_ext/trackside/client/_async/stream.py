"""One stream of messages over as many connections as it takes: no gap, no repeat."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterator
from contextlib import aclosing

from trackside.client._async.connection import AsyncConnection, Params
from trackside.client.awaiting import Flow, sleep
from trackside.client.backoff import delays
from trackside.client.failures import PASSING
from trackside.client.messages import message_of
from trackside.client.sse import SseParser
from trackside.errors import TracksideError
from trackside.models.stream import Done, ServerMessage, Subscribed

__all__ = ["AsyncStream"]

_log = logging.getLogger(__name__)
_FIRST_DELAY = 0.1
_SILENCE = 60.0
_PATIENCE = 120.0
_BEFORE_STARTING = 30.0


class AsyncStream:
    """The messages at one path, from one position on; iterate over ``messages()`` once.

    A dropped connection is taken up again at the last position that the server named, for ``patience`` seconds
    since the last sign of life, at the server's new address where it has moved. The first connection must succeed
    at once. ``until`` (``time.monotonic()``) ends the stream early; ``resume`` is the query parameter that takes a
    position, beside the header ``Last-Event-ID``.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        path: str,
        params: Params,
        *,
        resume: str | None = None,
        until: float | None = None,
        patience: float = _PATIENCE,
    ) -> None:
        self._connection = connection
        self._path = path
        self._params = dict(params)
        self._resume = resume
        self._until = until
        self._patience = patience
        self._position = ""
        self._alive_at: float | None = None
        self._delays: Iterator[float] = delays(_FIRST_DELAY)

    async def messages(self) -> Flow[ServerMessage]:
        """Yield each message once, ``Subscribed`` at each new connection; ends after ``Done`` or when time is over."""
        while self._remaining() > 0:
            try:
                async with aclosing(self._one_connection()) as messages:
                    async for message in messages:
                        yield message
                        if isinstance(message, Done):
                            return
            except TracksideError as error:
                self._bear(error)
                _log.debug("%s dropped at %r: %s", self._path, self._position, error)
            await self._pause()

    async def _one_connection(self) -> Flow[ServerMessage]:
        """Yield what one connection brings; ends when the server ends it or when the time left needs a shorter wait."""
        parser = SseParser()
        idle = min(_SILENCE, max(self._remaining(), 0.01))
        headers = {"Accept": "text/event-stream"}
        if self._position:
            headers["Last-Event-ID"] = self._position
        async with self._connection.opened(
            self._path, self._params, headers, idle=idle, start=self._may_start()
        ) as response:
            self._alive_at = time.monotonic()
            async with aclosing(self._connection.chunks(response)) as chunks:
                async for chunk in chunks:
                    self._alive_at = time.monotonic()
                    for sent in parser.feed(chunk):
                        self._move_to(sent.id)
                        message = message_of(sent)
                        if message is None:
                            continue
                        if not isinstance(message, Subscribed):
                            self._delays = delays(parser.retry or _FIRST_DELAY)
                        yield message
                    if self._remaining() < idle * 0.9:
                        self._delays = itertools.chain((0.0,), delays(_FIRST_DELAY))
                        return  # the next silence must be shorter than this connection allows

    def _move_to(self, position: str) -> None:
        if position and position != self._position:
            self._position = position
            self._params.pop("tail", None)
            if self._resume is not None:
                self._params[self._resume] = position

    def _remaining(self) -> float:
        return float("inf") if self._until is None else self._until - time.monotonic()

    def _bear(self, error: TracksideError) -> None:
        """Return if the failure may pass; raise it if it is the first word, will not pass, or has lasted too long."""
        if error.code == "timed_out" and self._remaining() <= 0:
            return
        lasted = None if self._alive_at is None else time.monotonic() - self._alive_at
        if error.code not in PASSING or lasted is None or lasted > self._patience:
            raise error

    async def _pause(self) -> None:
        delay = min(next(self._delays), self._remaining())
        if delay > 0:
            await sleep(delay)

    def _may_start(self) -> bool:
        """Whether a server may be started: not in the first seconds after one went, since it may be just restarting."""
        return self._alive_at is None or time.monotonic() - self._alive_at > _BEFORE_STARTING
