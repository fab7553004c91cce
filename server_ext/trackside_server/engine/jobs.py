"""Reading jobs: one, a page of them, why one stands where it stands."""

from __future__ import annotations

from trackside.errors import InvalidInput, near
from trackside.models import STATUSES, Explanation, Job, JobPage
from trackside.tracking.folder import RunFolder
from trackside_server.engine.core import Core

__all__ = ["explained", "folder_of", "get", "page", "read_limit", "read_statuses"]

_MOST = 500


async def get(core: Core, text: str) -> Job:
    """Return the job of this id, number or unique name."""
    return core.wire(await core.resolve(text))


async def explained(core: Core, text: str) -> Explanation:
    """Return why the job stands where it stands."""
    record = await core.resolve(text)
    core.seen_machine = await core.machine.machine()
    return core.explain(record)


async def page(
    core: Core, *, status: str | None, tag: str | None, name: str | None, limit: int, cursor: str | None
) -> JobPage:
    """Return jobs, newest first. ``status`` is one or several, with commas between."""
    statuses = read_statuses(status)
    limit = read_limit(limit)
    found = await core.query(
        lambda reader: reader.jobs_page(status=statuses, tag=tag, name=name, limit=limit, cursor=cursor)
    )
    return JobPage([core.wire(record) for record in found.jobs], found.next, found.counts)


def folder_of(job: Job) -> RunFolder:
    """Return the run folder of a job."""
    return RunFolder(job.run_dir)


def read_limit(limit: int) -> int:
    """Return the number of rows asked for, refused when it is out of range."""
    if not 1 <= limit <= _MOST:
        raise InvalidInput(f"limit: {limit} is out of range.", hint=f"Choose from 1 to {_MOST}.")
    return limit


def read_statuses(text: str | None) -> list[str]:
    """Return the statuses that ``"running,pending"`` names."""
    statuses = [part.strip() for part in text.split(",") if part.strip()] if text else []
    for status in statuses:
        if status not in STATUSES:
            hint = near(status, STATUSES) or f"Known: {', '.join(STATUSES)}."
            raise InvalidInput(f"status: {status!r} is not known.", hint=hint)
    return statuses
