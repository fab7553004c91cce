"""Routes for runs, their metrics and their files."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import BinaryIO, TypedDict
from urllib.parse import quote

from jupyter_server.auth import authorized
from tornado.iostream import StreamClosedError
from tornado.web import authenticated

from trackside.errors import InvalidInput
from trackside.tracking.folder import RunFolder
from trackside_server.engine import compare, delete, media, preview, runs, table
from trackside_server.engine.artifacts import Root, find_artifact, list_artifacts
from trackside_server.engine.masking import ShownLog
from trackside_server.engine.records import check_position
from trackside_server.handlers.base import TracksideHandler
from trackside_server.handlers.ranges import part_of

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
            offset=self.option("offset", int, 0),
            total=bool(self.option("total", int, 0)),
        )
        self.answer(page)


class TableHandler(TracksideHandler):
    """``runs/table``."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer runs as columns, one row each."""
        found = await table.table(
            self.core, query=self.get_query_argument("query", None), limit=self.option("limit", int, 1000)
        )
        self.answer(found)


class CompareHandler(TracksideHandler):
    """``runs/compare``."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Put runs side by side: what differs in config, environment and source, last and best values, curves."""
        keys = self.get_query_argument("keys", None)
        found = await compare.compare(
            self.core,
            [part for part in self.get_query_argument("ids").split(",") if part],
            keys=keys.split(",") if keys else None,
            x=self.get_query_argument("x", "step"),
            max_points=self.option("max_points", int, 500),
        )
        self.answer(found)


class RunHandler(TracksideHandler):
    """``runs/{id}``: one run by id or name."""

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


class Asked(TypedDict):
    """The options of a question for curves."""

    keys: list[str] | None
    x: str
    max_points: int
    between: tuple[float, float] | None


class MetricsHandler(TracksideHandler):
    """``runs/{id}/metrics``."""

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        """Answer its curves, thinned to what a screen shows, minima and maxima kept."""
        self.answer(await runs.metrics(self.core, run, **self.asked(), since=self._since()))

    def asked(self) -> Asked:
        """Return which curves are asked for."""
        keys = self.get_query_argument("keys", None)
        return {
            "keys": keys.split(",") if keys else None,
            "x": self.get_query_argument("x", "step"),
            "max_points": self._points(),
            "between": self._between(),
        }

    def _points(self) -> int:
        points = self.option("max_points", int, 2000)
        if points < 0:
            raise InvalidInput(f"max_points: {points} is out of range.", hint="0 stands for all points.")
        return max(16, points) if points else 0

    def _between(self) -> tuple[float, float] | None:
        text = self.get_query_argument("between", None)
        if text is None:
            return None
        try:
            low, high = map(float, text.split(","))
        except ValueError:
            low, high = 0.0, -1.0
        if not low <= high:
            raise InvalidInput(f"between: {text!r} is no range.", hint="Write the lower and the higher x: 100,200.")
        return low, high

    def _since(self) -> int:
        since = self.option("since", int, 0)
        check_position("since", since)
        return since


class ManyMetricsHandler(MetricsHandler):
    """``runs/metrics``."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer the curves of several runs at once."""
        ids = [part for part in self.get_query_argument("ids").split(",") if part]
        self.answer(await runs.metrics_of_many(self.core, ids, **self.asked()))


class OutputsHandler(TracksideHandler):
    """``runs/{id}/outputs``."""

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        """Answer the rich outputs of its cell, in order."""
        self.answer(await runs.outputs(self.core, run))


class MediaHandler(TracksideHandler):
    """``runs/{id}/media``."""

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        """List its images, figures, tables, texts and histograms, newest first."""
        page = await media.page(
            self.core,
            run,
            key=self.get_query_argument("key", None, strip=False),
            kind=self.get_query_argument("kind", None),
            limit=self.option("limit", int, 50),
            cursor=self.get_query_argument("cursor", None),
        )
        self.answer(page)


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
        row = await runs.resolve(self.core, run)
        found = find_artifact(RunFolder(row.run_dir), path, _root(self))
        log = await self.core.log_of_run(row)
        await self._send(found, log if log.path.exists() and found.samefile(log.path) else None)

    async def _send(self, path: Path, log: ShownLog | None) -> None:
        """Send a file; ``log`` where it is the log, of which not everything may be shown."""
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            part = part_of(self.request.headers.get("Range", ""), size)
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
                await self._copy(file, part, log)
        self.finish()

    async def _copy(self, file: BinaryIO, part: range, log: ShownLog | None) -> None:
        file.seek(part.start)
        left = len(part)
        while left and (block := _block(file, part.stop - left, min(_BLOCK, left), log)):
            self.write(block)
            await self.flush()
            left -= len(block)


class PreviewHandler(TracksideHandler):
    """``runs/{id}/preview``."""

    @authenticated
    @authorized
    async def get(self, run: str) -> None:
        """Answer the head of a file that holds a table."""
        path = self.get_query_argument("path", strip=False)
        self.answer(await preview.preview(self.core, run, path, root=_root(self), rows=self.option("rows", int, 50)))


def _block(file: BinaryIO, position: int, length: int, log: ShownLog | None) -> bytes:
    return file.read(length) if log is None else log.block(position, length)


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
    ("runs/table", TableHandler),
    ("runs/compare", CompareHandler),
    ("runs/metrics", ManyMetricsHandler),
    (f"runs/{_RUN}", RunHandler),
    (f"runs/{_RUN}/metrics", MetricsHandler),
    (f"runs/{_RUN}/outputs", OutputsHandler),
    (f"runs/{_RUN}/media", MediaHandler),
    (f"runs/{_RUN}/preview", PreviewHandler),
    (f"runs/{_RUN}/artifacts", ArtifactsHandler),
    (f"runs/{_RUN}/artifacts/(.+)", ArtifactHandler),
]
