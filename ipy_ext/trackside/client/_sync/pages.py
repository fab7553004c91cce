# Generated from trackside/client/_async by `python -m trackside.client.generate`; edit there.
"""Every item of a list, page by page as the items are taken."""

from __future__ import annotations

from trackside.client._sync.connection import Connection, Params
from trackside.client.waiting import Flow
from trackside.models import Job, JobPage, RunInfo, RunPage

__all__ = ["every_job", "every_run"]

_PAGE = 500


def every_job(connection: Connection, params: Params) -> Flow[Job]:
    """Yield the jobs that these parameters select, newest first."""
    cursor: str | None = None
    while True:
        page = connection.get("jobs", JobPage, {**params, "limit": _PAGE, "cursor": cursor})
        yield from page.jobs
        cursor = page.next
        if cursor is None:
            return


def every_run(connection: Connection, params: Params) -> Flow[RunInfo]:
    """Yield the runs that these parameters select, newest first."""
    cursor: str | None = None
    while True:
        page = connection.get("runs", RunPage, {**params, "limit": _PAGE, "cursor": cursor})
        yield from page.runs
        cursor = page.next
        if cursor is None:
            return
