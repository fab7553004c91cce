"""All routes, in one list."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth import authorized
from tornado.web import authenticated

from trackside.errors import NotFound
from trackside_server.handlers import housekeeping, jobs, queue, runs, sse, system, uploads, ws
from trackside_server.handlers.base import TracksideHandler

__all__ = ["ROOT", "handlers"]

ROOT = r"/trackside/api/v1/"


class NoSuchRoute(TracksideHandler):
    """Any other address below the API."""

    @authenticated
    @authorized("read")
    async def get(self, path: str) -> None:
        """Say that there is nothing here."""
        raise NotFound(f"There is no address {path!r} in this API.", hint="See the API's description.")

    @authenticated
    @authorized("write")
    async def post(self, path: str) -> None:
        """Say that there is nothing here."""
        raise NotFound(f"There is no address {path!r} in this API.", hint="See the API's description.")

    put = patch = delete = post


def handlers(name: str) -> list[tuple[str, Any, dict[str, str]]]:
    """Return every route with its handler, for the extension of this name."""
    routes = [
        *sse.ROUTES,
        *jobs.ROUTES,
        *queue.ROUTES,
        *runs.ROUTES,
        *system.ROUTES,
        *housekeeping.ROUTES,
        *uploads.ROUTES,
        *ws.ROUTES,
    ]
    every = [(ROOT + path, handler) for path, handler in routes] + [(ROOT + "(.*)", NoSuchRoute)]
    return [(path, handler, {"name": name}) for path, handler in every]
