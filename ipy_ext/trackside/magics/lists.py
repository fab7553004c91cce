"""``%jobs``, ``%runs``, ``%gpus``, ``%artifacts``: what is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trackside.errors import InvalidInput, NotFound, near
from trackside.magics import usages
from trackside.magics.options import read_arguments

if TYPE_CHECKING:
    from trackside.magics.session import Session
    from trackside.models import RunInfo

__all__ = ["artifacts", "gpus", "jobs", "newest_run", "runs"]

_QUERY_WORD = re.compile(r"(tag|status):(\S+)")
_PAGE = 20


def jobs(session: Session, line: str) -> None:
    """List jobs, newest first."""
    from trackside.display import text
    from trackside.display.sheet import Sheet

    arguments = read_arguments(usages.JOBS, line)
    page = session.client.jobs.list(
        status=_statuses(arguments.names("status")),
        tag=arguments.text("tag"),
        name=arguments.text("name"),
        limit=arguments.whole("number", _PAGE),
    )
    now = text.now_utc()
    plain = text.job_table(page.jobs, page.counts, now)
    title = text.state_counts(page.counts)
    session.show(Sheet(plain, title, text.JOB_HEAD, text.job_rows(page.jobs, now)))


def runs(session: Session, line: str) -> None:
    """List runs, newest first."""
    from trackside.display import text
    from trackside.display.sheet import Sheet

    arguments = read_arguments(usages.RUNS, line)
    query = " ".join(arguments.words)
    filters = dict(_QUERY_WORD.findall(query))
    page = session.client.runs.list(
        _QUERY_WORD.sub("", query).strip() or None,
        tag=filters.get("tag"),
        status=_statuses(filters["status"].split(",")) if "status" in filters else None,
        limit=arguments.whole("number", _PAGE),
    )
    now = text.now_utc()
    session.show(Sheet(text.run_table(page.runs, query, now), "", text.RUN_HEAD, text.run_rows(page.runs, now)))


def gpus(session: Session, line: str) -> None:
    """Show who holds which GPU."""
    from trackside.display import text
    from trackside.display.sheet import Sheet

    read_arguments(usages.GPUS, line)
    report = session.client.gpus()
    now = text.now_utc()
    free = f"{sum(gpu.free for gpu in report.gpus)} of {len(report.gpus)} free"
    session.show(Sheet(text.gpu_list(report, now), free, text.GPU_HEAD, text.gpu_rows(report.gpus, now)))


def artifacts(session: Session, line: str) -> None:
    """List the files that a run saved."""
    from trackside.display import text
    from trackside.display.bundle import artifacts_bundle
    from trackside.sdk.standing import label

    arguments = read_arguments(usages.ARTIFACTS, line)
    if len(arguments.words) > 1:
        raise InvalidInput(f"%artifacts takes one run, {len(arguments.words)} were given.")
    run = session.client.runs.get(arguments.words[0]) if arguments.words else newest_run(session)
    page = session.client.runs.artifacts(run.id, root="run" if arguments.has("all") else "artifacts")
    plain = text.artifact_list(label(run), page.artifacts, text.now_utc(), truncated=page.truncated)
    session.show_bundle(artifacts_bundle(run, plain, root="run" if arguments.has("all") else "artifacts"))


def newest_run(session: Session) -> RunInfo:
    """Return the run of this notebook's last job, else of its own tracking, else the newest of all."""
    own = session.own_run()
    if own is not None:
        return session.client.runs.get(own)
    page = session.client.runs.list(limit=1)
    if not page.runs:
        raise NotFound("There are no runs yet.", hint="%%submit or %%track over a cell makes one.")
    return page.runs[0]


def _statuses(given: list[str]) -> list[str] | None:
    from trackside.models import STATUSES

    for status in given:
        if status not in STATUSES:
            known = f"Known: {', '.join(STATUSES)}."
            raise InvalidInput(f"{status!r} is not a status.", hint=near(status, STATUSES) or known)
    return given or None
