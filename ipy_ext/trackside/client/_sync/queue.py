# Generated from trackside/client/_async by `python -m trackside.client.generate`; edit there.
"""The queue as a whole: pause, resume, limits."""

from __future__ import annotations

import json

from trackside.client._sync.connection import Connection
from trackside.models import Queue

__all__ = ["JobQueue"]


class JobQueue:
    """The queue of a server's home."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self) -> Queue:
        """Return whether it is paused, and its limits."""
        return self._connection.get("queue", Queue)

    def pause(self) -> Queue:
        """Start no further job, for every server of the home, until ``resume``; jobs that run go on."""
        return self._connection.value("POST", "queue/pause", Queue, repeat=True)

    def resume(self) -> Queue:
        """Let waiting jobs start again."""
        return self._connection.value("POST", "queue/resume", Queue, repeat=True)

    def limit(self, tag: str, most: int | None) -> Queue:
        """Let at most so many jobs with this tag run at once; None: as the server's configuration says."""
        content = json.dumps({"tag_limits": {tag: most}}).encode()
        return self._connection.value("PATCH", "queue", Queue, content=content, repeat=True)
