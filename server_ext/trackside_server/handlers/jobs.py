"""Routes for jobs."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from jupyter_server.auth import authorized
from tornado.web import authenticated

from trackside.errors import InvalidInput
from trackside_server.engine import cancel, delete, jobs, move, retry, submit
from trackside_server.engine.log_search import search
from trackside_server.engine.records import check_position, gap_within, size_of
from trackside_server.engine.streams import tail_offset
from trackside_server.handlers.base import TracksideHandler
from trackside_server.handlers.ranges import part_of
from trackside_server.handlers.sse import follow_log

__all__ = ["ROUTES"]

_LOG_BYTES = 4 * 1024 * 1024


class JobsHandler(TracksideHandler):
    """``jobs``: submit and list."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Submit one job, or a list of jobs (all or nothing)."""
        body = self.json_body()
        if self.option("dry_run", int, 0):
            self.answer(await submit.dry_run(self.core, body))
            return
        made = await submit.submit(self.core, body, self.request.headers.get("Idempotency-Key"))
        self.answer(made if isinstance(body, list) else made[0], 201)

    @authenticated
    @authorized
    async def get(self) -> None:
        """List jobs, newest first, or those that wait in the order of the queue."""
        order = self.get_query_argument("order", "newest")
        if order not in ("newest", "queue"):
            raise InvalidInput(f"order: {order!r} is none.", hint="Say newest or queue.")
        page = await (jobs.in_line if order == "queue" else jobs.page)(
            self.core,
            status=self.get_query_argument("status", None),
            tag=self.get_query_argument("tag", None),
            name=self.get_query_argument("name", None),
            limit=self.option("limit", int, 50),
            cursor=self.get_query_argument("cursor", None),
        )
        self.answer(page)


class JobHandler(TracksideHandler):
    """``jobs/{id}``: one job by id, number or name."""

    @authenticated
    @authorized
    async def get(self, job: str) -> None:
        """Answer the job."""
        self.answer(await jobs.get(self.core, job))

    @authenticated
    @authorized
    async def delete(self, job: str) -> None:
        """Delete a finished job with its run folder."""
        await delete.delete(self.core, job)
        self.set_status(204)
        self.finish()


class CancelHandler(TracksideHandler):
    """``jobs/{id}/cancel``."""

    @authenticated
    @authorized
    async def post(self, job: str) -> None:
        """Cancel a waiting or running job."""
        self.answer(await cancel.cancel(self.core, job), 202)


class RetryHandler(TracksideHandler):
    """``jobs/{id}/retry``."""

    @authenticated
    @authorized
    async def post(self, job: str) -> None:
        """Queue a finished job again, as its next attempt."""
        self.answer(await retry.retry(self.core, job, self.json_object()), 201)


class MoveHandler(TracksideHandler):
    """``jobs/{id}/move``."""

    @authenticated
    @authorized
    async def post(self, job: str) -> None:
        """Give a waiting job another place in the queue."""
        self.answer(await move.move(self.core, job, self.json_object()))


class ExplainHandler(TracksideHandler):
    """``jobs/{id}/explain``."""

    @authenticated
    @authorized
    async def get(self, job: str) -> None:
        """Say why the job stands where it stands."""
        self.answer(await jobs.explained(self.core, job))


class LogHandler(TracksideHandler):
    """``jobs/{id}/log``: the bytes of the log, or the live stream of it."""

    @authenticated
    @authorized
    async def get(self, job: str) -> None:
        """Answer a part of the log; ``X-Trackside-Next`` is the offset to go on from."""
        found = await jobs.get(self.core, job)
        offset, tail, limit = self._position()
        if self.option("follow", int, 0):
            await follow_log(self, found.run_id, offset, tail)
            return
        path, begin = jobs.folder_of(found).log, offset or 0
        part = part_of(self.request.headers.get("Range", ""), size_of(path)) if offset is tail is None else None
        if part is not None:
            begin, limit = part.start, len(part)
        elif offset is None and tail is not None:
            begin = await asyncio.to_thread(tail_offset, path, tail)
        log = self.core.log_of(found.id, found.run_dir, found.spec.secrets)
        read = partial(log.read, begin, min(limit, _LOG_BYTES), final=found.is_terminal)
        data = await asyncio.to_thread(read) if found.spec.secrets else read()
        self._say_part(part, begin, len(data), size_of(path))
        self._write(path, begin, data)

    def _position(self) -> tuple[int | None, int | None, int]:
        offset, tail = self.option("offset", int, None), self.option("tail", int, None)
        check_position("offset", offset)
        check_position("tail", tail)
        limit = self.option("limit", int, _LOG_BYTES)
        if limit < 1:
            raise InvalidInput(f"limit: {limit} is out of range.", hint="Ask for at least one byte.")
        return offset, tail, limit

    def _say_part(self, part: range | None, begin: int, length: int, size: int) -> None:
        self.set_header("Accept-Ranges", "bytes")
        if part is not None:
            self.set_status(206 if length else 416)
            self.set_header("Content-Range", f"bytes {f'{begin}-{begin + length - 1}' if length else '*'}/{size}")

    def _write(self, path: Path, begin: int, data: bytes) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Trackside-Offset", str(begin))
        self.set_header("X-Trackside-Next", str(begin + len(data)))
        gap = gap_within(path, data, begin)
        if gap is not None:
            self.set_header("X-Trackside-Gap", f"{gap[0]}-{gap[1]}")
        self.finish(data)


class LogSearchHandler(TracksideHandler):
    """``jobs/{id}/log/search``: lines of the log that hold a text."""

    @authenticated
    @authorized
    async def get(self, job: str) -> None:
        """Answer the last such lines before a byte."""
        before = self.option("before", int, None)
        check_position("before", before)
        found = await jobs.get(self.core, job)
        self.answer(
            await asyncio.to_thread(
                search,
                self.core.log_of(found.id, found.run_dir, found.spec.secrets),
                self.get_query_argument("text", "", strip=False),
                before=before,
                limit=self.option("limit", int, 100),
                ignore_case=bool(self.option("ignore_case", int, 0)),
            )
        )


_JOB = r"([^/]+)"
ROUTES = [
    ("jobs", JobsHandler),
    (f"jobs/{_JOB}", JobHandler),
    (f"jobs/{_JOB}/cancel", CancelHandler),
    (f"jobs/{_JOB}/retry", RetryHandler),
    (f"jobs/{_JOB}/move", MoveHandler),
    (f"jobs/{_JOB}/explain", ExplainHandler),
    (f"jobs/{_JOB}/log", LogHandler),
    (f"jobs/{_JOB}/log/search", LogSearchHandler),
]
