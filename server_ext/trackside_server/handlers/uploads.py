"""The route that carries values in from another machine."""

from __future__ import annotations

from jupyter_server.auth import authorized
from tornado.web import authenticated

from trackside_server.engine import uploads
from trackside_server.handlers.base import TracksideHandler

__all__ = ["ROUTES"]


class UploadHandler(TracksideHandler):
    """``uploads/{staging}/{path}``: bytes into a staging folder, resumable by ``offset``."""

    @authenticated
    @authorized
    async def put(self, staging: str, path: str) -> None:
        """Write the body at ``offset``; answers the size that the file has now."""
        size = uploads.write(self.core, staging, path, self.option("offset", int, 0), self.request.body)
        self.answer({"next": size})


ROUTES = [(r"uploads/([^/]+)/(.+)", UploadHandler)]
