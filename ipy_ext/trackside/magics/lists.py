"""``%jobs``, ``%runs``, ``%gpus``, ``%artifacts``: what is there."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from trackside.errors import InvalidInput, NotFound, near
from trackside.magics import usages
from trackside.magics.options import read_arguments

if TYPE_CHECKING:
    from trackside.display.lists import JobSheet, RunSheet
    from trackside.magics.session import Session
    from trackside.models import RunInfo

__all__ = ["artifacts", "gpus", "jobs", "newest_run", "runs"]

_NUMBER = re.compile(r"(?:^|(?<=\s))(?:-n(?:\s+|(?=\d))|--number(?:\s+|=))(\S+)")
_OPTION = re.compile(r"(?:^|(?<=\s))--[\w-]+")
_PAGE = 20
_MOST_FILES = 200
"""Files whose names are saved with a notebook."""


def jobs(session: Session, line: str) -> JobSheet:
    """List jobs, newest first; ``data`` of the value is a DataFrame."""
    from trackside.display import text
    from trackside.display.lists import JobSheet

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
    if page.paused:
        said = f"{page.paused[:1].upper()}{page.paused[1:]}."
        plain, title = f"{said}\n{plain}", f"{title} · {said}" if title else said
    return session.shown(JobSheet(plain, title, text.JOB_HEAD, text.job_rows(page.jobs, now), page.jobs))


def runs(session: Session, line: str) -> RunSheet:
    """List runs, newest first; ``data`` of the value is a DataFrame with their settings, summary and metrics."""
    from trackside.display import text
    from trackside.display.lists import RunSheet

    query, limit = _query_and_number(line)
    page = session.client.runs.list(query or None, limit=limit)
    now = text.now_utc()
    plain, rows = text.run_table(page.runs, query, now), text.run_rows(page.runs, now)
    read = partial(session.client.runs.table, query or None, limit=limit)
    return session.shown(RunSheet(plain, text.RUN_HEAD, rows, read))


def _query_and_number(line: str) -> tuple[str, int]:
    """Cut ``-n N`` out of a line; the rest is a query as it stands, quotes and minus signs too."""
    found = _NUMBER.search(line)
    query = (line[: found.start()] + line[found.end() :] if found else line).strip()
    given = [f"-n {found[1]}"] if found else []
    options = read_arguments(usages.RUNS, " ".join([*given, *_OPTION.findall(query)]))
    return query, options.whole("number", _PAGE)


def gpus(session: Session, line: str) -> None:
    """Show who holds which GPU."""
    from trackside.display import text
    from trackside.display.sheet import Sheet

    read_arguments(usages.GPUS, line)
    report = session.client.gpus()
    now = text.now_utc()
    free = f"{sum(gpu.free for gpu in report.gpus)} of {len(report.gpus)} free"
    warnings = session.client.info().warnings if report.gpus else []
    session.show(
        Sheet(text.gpu_list(report, now, warnings), free, text.GPU_HEAD, text.gpu_rows(report.gpus, now), warnings)
    )


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
    plain = text.artifact_list(label(run), page.artifacts, text.now_utc(), truncated=page.truncated, most=_MOST_FILES)
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
