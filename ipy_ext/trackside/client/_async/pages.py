"""Every item of a list, page by page as the items are taken."""

from __future__ import annotations

from trackside.client._async.connection import AsyncConnection, Params
from trackside.client.awaiting import Flow
from trackside.models import Job, JobPage, RunInfo, RunPage

__all__ = ["every_job", "every_run"]

_PAGE = 500


async def every_job(connection: AsyncConnection, params: Params) -> Flow[Job]:
    """Yield the jobs that these parameters select, newest first."""
    cursor: str | None = None
    while True:
        page = await connection.get("jobs", JobPage, {**params, "limit": _PAGE, "cursor": cursor})
        for job in page.jobs:
            yield job
        cursor = page.next
        if cursor is None:
            return


async def every_run(connection: AsyncConnection, params: Params) -> Flow[RunInfo]:
    """Yield the runs that these parameters select, newest first."""
    cursor: str | None = None
    while True:
        page = await connection.get("runs", RunPage, {**params, "limit": _PAGE, "cursor": cursor})
        for run in page.runs:
            yield run
        cursor = page.next
        if cursor is None:
            return
