"""What happened, to everybody who listens, in order, without a gap: events are read from the store by their id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from trackside.errors import TryAgain
from trackside.models import Event

__all__ = ["Hub"]

_MOST_BEHIND = 2_000
"""Events that a listener may lag behind before it is cut off; it resumes from its last id."""


class Hub:
    """Fans events out. ``read(since)`` returns the events after an id from the store, in order."""

    def __init__(self, read: Callable[[int], Awaitable[list[Event]]]) -> None:
        self._read = read
        self._listeners: set[asyncio.Queue[Event | None]] = set()
        self.last = 0

    @property
    def has_listeners(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def publish(self, events: list[Event]) -> None:
        """Hand events, already in the store, to every listener; must be called in the order of their ids."""
        for event in events:
            self.last = event.id
            for queue in list(self._listeners):
                if queue.qsize() >= _MOST_BEHIND:
                    self._listeners.discard(queue)
                    queue.put_nowait(None)
                else:
                    queue.put_nowait(event)

    async def listen(self, since: int | None = None) -> AsyncGenerator[Event, None]:
        """Yield every event after ``since`` (None: from now), each once, for as long as the caller wants.

        Raises ``TryAgain`` when the caller is too slow; it may resume from the last id it saw.
        """
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._listeners.add(queue)
        position = self.last if since is None else since
        try:
            while position < self.last and (missed := await self._read(position)):
                for event in missed:
                    yield event
                    position = event.id
            while (happened := await queue.get()) is not None:
                if happened.id > position:
                    yield happened
                    position = happened.id
            raise TryAgain("This listener fell too far behind and was cut off.", hint="Resume from the last id.")
        finally:
            self._listeners.discard(queue)

    def close(self) -> None:
        """End every listener."""
        for queue in list(self._listeners):
            queue.put_nowait(None)
        self._listeners.clear()
