"""The route that carries values in from another machine."""

from __future__ import annotations

import asyncio

from jupyter_server.auth import authorized
from tornado.web import authenticated

from trackside_server.engine import uploads
from trackside_server.engine.records import check_position
from trackside_server.handlers.base import TracksideHandler

__all__ = ["ROUTES"]


class UploadHandler(TracksideHandler):
    """``uploads/{staging}/{path}``: bytes into a staging folder, resumable by ``offset``."""

    @authenticated
    @authorized
    async def put(self, staging: str, path: str) -> None:
        """Write the body at ``offset``; ``X-Trackside-Next`` is the size that the file has now."""
        offset = self.option("offset", int, 0)
        check_position("offset", offset)
        size = await asyncio.to_thread(uploads.write, self.core, staging, path, offset, self.request.body)
        self.set_status(204)
        self.set_header("X-Trackside-Next", str(size))
        self.finish()


ROUTES = [(r"uploads/([^/]+)/(.+)", UploadHandler)]
