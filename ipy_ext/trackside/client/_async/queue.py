"""The queue as a whole: pause, resume, limits."""

from __future__ import annotations

import json

from trackside.client._async.connection import AsyncConnection
from trackside.models import Queue

__all__ = ["AsyncJobQueue"]


class AsyncJobQueue:
    """The queue of a server's home."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self) -> Queue:
        """Return whether it is paused, and its limits."""
        return await self._connection.get("queue", Queue)

    async def pause(self) -> Queue:
        """Start no further job, for every server of the home, until ``resume``; jobs that run go on."""
        return await self._connection.value("POST", "queue/pause", Queue, repeat=True)

    async def resume(self) -> Queue:
        """Let waiting jobs start again."""
        return await self._connection.value("POST", "queue/resume", Queue, repeat=True)

    async def limit(self, tag: str, most: int | None) -> Queue:
        """Let at most so many jobs with this tag run at once; None: as the server's configuration says."""
        content = json.dumps({"tag_limits": {tag: most}}).encode()
        return await self._connection.value("PATCH", "queue", Queue, content=content, repeat=True)
