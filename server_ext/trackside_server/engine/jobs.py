"""Reading jobs: one, a page of them, why one stands where it stands."""

from __future__ import annotations

import asyncio
import heapq
import math
import re

import msgspec

from trackside.errors import InvalidInput
from trackside.models import WAITING, Explanation, Job, JobPage, Status
from trackside.tracking.folder import RunFolder
from trackside_server.domain.query import parse_statuses
from trackside_server.engine.core import Core
from trackside_server.engine.streams import last_progress
from trackside_server.store import cursors

__all__ = ["explained", "folder_of", "get", "in_line", "page", "read_limit", "read_statuses"]

_MOST = 500


async def get(core: Core, text: str) -> Job:
    """Return the job of this id, number or name, the newest of that name."""
    return (await _with_progress([core.wire(await core.resolve(text))]))[0]


async def explained(core: Core, text: str) -> Explanation:
    """Return why the job stands where it stands."""
    record = await core.resolve(text)
    core.seen_machine = await core.machine.machine(core.board)
    return core.explain(record, forecast=True)


async def in_line(
    core: Core, *, status: str | None, tag: str | None, name: str | None, limit: int, cursor: str | None
) -> JobPage:
    """Return jobs that wait, in the order in which they stand: higher priority first, then first come."""
    statuses = WAITING.intersection(read_statuses(status)) if status else WAITING
    limit, after = read_limit(limit), _place_after(cursor)
    is_called = (
        re.compile(".*".join(map(re.escape, name.split("*"))), re.IGNORECASE if "*" in name else 0) if name else None
    )
    line = [
        (place, record)
        for record in core.board.records()
        if record.status in statuses
        and (place := (-record.priority, record.seq)) > after
        and (tag is None or tag in record.tags)
        and (is_called is None or is_called.fullmatch(record.name or ""))
    ]
    found = [record for _, record in heapq.nsmallest(limit, line, key=lambda each: each[0])]
    more = cursors.after_place(found[-1].priority, found[-1].seq) if len(line) > limit else None
    counts = await core.query(lambda reader: reader.counts())
    return JobPage([core.wire(record) for record in found], more, counts, core.queue.sentence)


def _place_after(cursor: str | None) -> tuple[float, int]:
    if cursor is None:
        return (-math.inf, 0)
    priority, seq = cursors.read_place(cursor)
    return (-priority, seq)


async def page(
    core: Core, *, status: str | None, tag: str | None, name: str | None, limit: int, cursor: str | None
) -> JobPage:
    """Return jobs, newest first. ``status`` is one or several, with commas between."""
    statuses = read_statuses(status)
    limit = read_limit(limit)
    found = await core.query(
        lambda reader: reader.jobs_page(status=statuses, tag=tag, name=name, limit=limit, cursor=cursor)
    )
    jobs = await _with_progress([core.wire(record) for record in found.jobs])
    return JobPage(jobs, found.next, found.counts, core.queue.sentence)


async def _with_progress(jobs: list[Job]) -> list[Job]:
    """The jobs, those that run with how far they are; an attempt before this one tells nothing of it."""
    if not any(job.is_running for job in jobs):
        return jobs
    return await asyncio.to_thread(lambda: [_told(job) if job.is_running else job for job in jobs])


def _told(job: Job) -> Job:
    found = last_progress(folder_of(job).progress)
    if found is None or (found.at and job.started_at and found.at < job.started_at):
        return job
    return msgspec.structs.replace(job, progress=found)


def folder_of(job: Job) -> RunFolder:
    """Return the run folder of a job."""
    return RunFolder(job.run_dir)


def read_limit(limit: int) -> int:
    """Return the number of rows asked for, refused when it is out of range."""
    if not 1 <= limit <= _MOST:
        raise InvalidInput(f"limit: {limit} is out of range.", hint=f"Choose from 1 to {_MOST}.")
    return limit


def read_statuses(text: str | None) -> list[Status]:
    """Return the statuses that ``"running,pending"`` names."""
    return list(parse_statuses(text)) if text else []
