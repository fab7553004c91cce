"""Routes for runs, their metrics and their files."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from jupyter_server.auth import authorized
from tornado.iostream import StreamClosedError
from tornado.web import authenticated

from trackside.errors import InvalidInput
from trackside_server.engine import compare, delete, runs
from trackside_server.engine.artifacts import Root, find_artifact, list_artifacts
from trackside_server.engine.records import check_position
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
            max_points=self._points(),
            since=self._since(),
        )
        self.answer(curves)

    def _points(self) -> int:
        points = self.option("max_points", int, 2000)
        if points < 0:
            raise InvalidInput(f"max_points: {points} is out of range.", hint="0 stands for all points.")
        return max(16, points) if points else 0

    def _since(self) -> int:
        since = self.option("since", int, 0)
        check_position("since", since)
        return since


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
        self.answer(await asyncio.to_thread(list_artifacts, folder, _root(self)))


class ArtifactHandler(TracksideHandler):
    """``runs/{id}/artifacts/{path}``: the bytes of one file, never shown as a page of this server."""

    @authenticated
    @authorized
    async def get(self, run: str, path: str) -> None:
        """Send the file, or the bytes asked for by ``Range``."""
        folder = await runs.folder(self.core, run)
        await self._send(find_artifact(folder, path, _root(self)))

    async def _send(self, path: Path) -> None:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            part = _part(self.request.headers.get("Range", ""), size)
            self.set_header("Content-Type", "application/octet-stream")
            self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(os.fsencode(path.name))}")
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Cache-Control", "no-cache")
            self.set_header("Accept-Ranges", "bytes")
            if part is not None:
                self.set_status(206 if part else 416)
                self.set_header("Content-Range", f"bytes {f'{part[0]}-{part[-1]}' if part else '*'}/{size}")
            part = range(size) if part is None else part
            self.set_header("Content-Length", str(len(part)))
            with contextlib.suppress(StreamClosedError):
                await self._copy(file, part)
        self.finish()

    async def _copy(self, file: BinaryIO, part: range) -> None:
        file.seek(part.start)
        left = len(part)
        while left and (block := file.read(min(_BLOCK, left))):
            self.write(block)
            await self.flush()
            left -= len(block)


def _part(asked: str, size: int) -> range | None:
    """The bytes that a ``Range`` header asks for; None for the whole file, empty when the file is too short for it."""
    match = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", asked.strip())
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return range(min(int(first), size), min(size, int(last) + 1) if last else size)


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
