"""Routes for the server and its machine."""

from __future__ import annotations

from jupyter_server.auth import authorized
from tornado.web import authenticated

from trackside_server.engine import health, system
from trackside_server.handlers.base import TracksideHandler

__all__ = ["ROUTES"]


class HealthHandler(TracksideHandler):
    """``health``."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Say what this server is, and whether it schedules."""
        self.answer(await health.health(self.core))


class SystemHandler(TracksideHandler):
    """``system``."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer the machine now."""
        self.answer(await system.system(self.core, details=bool(self.option("details", int, 0))))


class GpusHandler(TracksideHandler):
    """``gpus``."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer the GPUs and who holds them."""
        self.answer(await system.gpus(self.core))


ROUTES = [("health", HealthHandler), ("system", SystemHandler), ("gpus", GpusHandler)]
