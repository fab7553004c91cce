"""Routes for the queue as a whole."""

from __future__ import annotations

from jupyter_server.auth import authorized
from tornado.web import authenticated

from trackside_server.engine import queue
from trackside_server.handlers.base import TracksideHandler

__all__ = ["ROUTES"]


class QueueHandler(TracksideHandler):
    """``queue``."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer whether the queue is paused, and its limits."""
        self.answer(queue.queue(self.core))

    @authenticated
    @authorized
    async def patch(self) -> None:
        """Change its limits."""
        self.answer(await queue.change(self.core, self.json_object()))


class PauseHandler(TracksideHandler):
    """``queue/pause``."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Start no further job."""
        self.answer(await queue.pause(self.core))


class ResumeHandler(TracksideHandler):
    """``queue/resume``."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Start jobs again."""
        self.answer(await queue.resume(self.core))


ROUTES = [("queue", QueueHandler), ("queue/pause", PauseHandler), ("queue/resume", ResumeHandler)]
