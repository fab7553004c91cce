"""Routes for runs, their metrics and their files."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from jupyter_server.auth import authorized
from tornado.web import authenticated

from trackside.errors import InvalidInput
from trackside_server.engine import compare, delete, runs
from trackside_server.engine.artifacts import Root, find_artifact, list_artifacts
from trackside_server.handlers.base import TracksideHandler

__all__ = ["ROUTES"]

_BLOCK = 256 * 1024


class RunsHandler(TracksideHandler):
    """``runs``: list."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """List runs, newest first."""
        page = await runs.page(
            self.core,
            query=self.get_query_argument("query", None),
            tag=self.get_query_argument("tag", None),
            status=self.get_query_argument("status", None),
            limit=self.option("limit", int, 50),
            cursor=self.get_query_argument("cursor", None),
        )
        self.answer(page)


class CompareHandler(TracksideHandler):
    """``runs/compare``."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Put runs side by side: config that differs, last and best values."""
        ids = [part for part in self.get_query_argument("ids").split(",") if part]
        self.answer(await compare.compare(self.core, ids))


class RunHandler(TracksideHandler):
    """``runs/{id}``: one run by id or unique name."""

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        """Answer the run."""
        self.answer(await runs.get(self.core, run))

    @authenticated
    @authorized
    async def patch(self, run: str) -> None:
        """Change its name or tags."""
        self.answer(await runs.patch(self.core, run, self.json_object()))

    @authenticated
    @authorized
    async def delete(self, run: str) -> None:
        """Delete a finished run with its folder."""
        await delete.delete_run(self.core, run)
        self.set_status(204)
        self.finish()


class MetricsHandler(TracksideHandler):
    """``runs/{id}/metrics``."""

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        """Answer its curves, thinned to what a screen shows, minima and maxima kept."""
        keys = self.get_query_argument("keys", None)
        curves = await runs.metrics(
            self.core,
            run,
            keys=keys.split(",") if keys else None,
            x=self.get_query_argument("x", "step"),
            max_points=max(4, self.option("max_points", int, 2000)),
            since=max(0, self.option("since", int, 0)),
        )
        self.answer(curves)


class OutputsHandler(TracksideHandler):
    """``runs/{id}/outputs``."""

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        """Answer the rich outputs of its cell, in order."""
        self.answer(await runs.outputs(self.core, run))


class ArtifactsHandler(TracksideHandler):
    """``runs/{id}/artifacts``."""

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        """List its files."""
        folder = await runs.folder(self.core, run)
        self.answer(list_artifacts(folder, _root(self)))


class ArtifactHandler(TracksideHandler):
    """``runs/{id}/artifacts/{path}``: the bytes of one file, never shown as a page of this server."""

    @authenticated
    @authorized
    async def get(self, run: str, path: str) -> None:
        """Send the file, or the bytes asked for by ``Range``."""
        folder = await runs.folder(self.core, run)
        await self._send(find_artifact(folder, path, _root(self)))

    async def _send(self, path: Path) -> None:
        size = path.stat().st_size
        begin, end = self._range(size)
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(path.name)}")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Content-Length", str(end - begin))
        with path.open("rb") as file:
            file.seek(begin)
            while begin < end:
                block = file.read(min(_BLOCK, end - begin))
                if not block:
                    break
                self.write(block)
                await self.flush()
                begin += len(block)
        self.finish()

    def _range(self, size: int) -> tuple[int, int]:
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", self.request.headers.get("Range", ""))
        if match is None or not any(match.groups()):
            return 0, size
        first, last = match.groups()
        begin = int(first) if first else max(0, size - int(last))
        end = min(size, int(last) + 1) if first and last else size
        if begin >= size or begin >= end:
            self.set_header("Content-Range", f"bytes */{size}")
            raise InvalidInput(f"The file has {size} bytes.", code="range_not_satisfiable")
        self.set_status(206)
        self.set_header("Content-Range", f"bytes {begin}-{end - 1}/{size}")
        return begin, end


def _root(handler: TracksideHandler) -> Root:
    root = handler.get_query_argument("root", "artifacts")
    if root == "artifacts":
        return "artifacts"
    if root == "run":
        return "run"
    raise InvalidInput(f"root: {root!r} is not known.", hint="Use 'artifacts' or 'run'.")


_RUN = r"([^/]+)"
ROUTES = [
    ("runs", RunsHandler),
    ("runs/compare", CompareHandler),
    (f"runs/{_RUN}", RunHandler),
    (f"runs/{_RUN}/metrics", MetricsHandler),
    (f"runs/{_RUN}/outputs", OutputsHandler),
    (f"runs/{_RUN}/artifacts", ArtifactsHandler),
    (f"runs/{_RUN}/artifacts/(.+)", ArtifactHandler),
]
