"""What can be asked of the store, all from one consistent view."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select

from trackside.models import FINAL, STATUSES, Event, Job, Status
from trackside_server.domain.query import Query
from trackside_server.domain.record import JobRecord, RunRow, job_id, job_seq
from trackside_server.store import cursors
from trackside_server.store.prepared import Prepared
from trackside_server.store.rows import event_from, job_from, run_from, to_micros
from trackside_server.store.schema import (
    events,
    job_counts,
    job_secrets,
    job_specs,
    job_tags,
    jobs,
    runs,
    settings,
    submissions,
)
from trackside_server.store.search import count, newest

__all__ = ["KEPT_SUBMISSIONS", "Describe", "JobsPage", "Reader", "RunsPage", "no_description"]

KEPT_SUBMISSIONS = timedelta(hours=24)
_UNFINISHED: tuple[Status, ...] = tuple(status for status in STATUSES if status not in FINAL)

Describe = Callable[[JobRecord], str]
"""Makes the one sentence for people that an event's job carries."""


def no_description(record: JobRecord) -> str:
    """Say nothing about a job."""
    return ""


class JobsPage(msgspec.Struct, frozen=True):
    """Jobs, newest first; ``next`` is the cursor of the following page; ``counts`` are of all jobs, by status."""

    jobs: list[JobRecord]
    next: str | None
    counts: dict[str, int]


class RunsPage(msgspec.Struct, frozen=True):
    """Runs, newest first; ``next`` is the cursor of the following page."""

    runs: list[RunRow]
    next: str | None


class Reader:
    """Answers about jobs, runs and events, as of the moment the reader was opened."""

    def __init__(self, connection: Connection, home_id: str, describe: Describe) -> None:
        self._connection = connection
        self._home_id = home_id
        self._describe = describe

    # Jobs

    def job(self, job: str | int) -> JobRecord | None:
        """Return the job with this id (``"job-41"``, ``"41"`` or ``41``), or None."""
        seq = job if isinstance(job, int) else job_seq(job)
        if seq is None:
            return None
        row = _JOB.run(self._connection, {"of": seq}).fetchone()
        return job_from(*row) if row is not None else None

    def resolve(self, text: str | int, limit: int | None = None) -> list[JobRecord]:
        """Return the job with this id, or the jobs with exactly this name, newest first, at most ``limit``."""
        if isinstance(text, int) or job_seq(text) is not None:
            found = self.job(text)
            return [found] if found is not None else []
        return self._jobs(_JOBS.where(jobs.c.name == text).order_by(jobs.c.seq.desc()).limit(limit))

    def job_names(self, limit: int = 500) -> list[str]:
        """Return the names of the newest jobs, each once, to find the one that a mistyped name was meant to be."""
        newest = select(jobs.c.name).where(jobs.c.name.is_not(None)).order_by(jobs.c.seq.desc()).limit(limit)
        return list(dict.fromkeys(self._connection.execute(newest).scalars()))

    def jobs_page(
        self,
        *,
        status: Sequence[str] = (),
        tag: str | None = None,
        name: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> JobsPage:
        """Return the newest jobs that have one of these statuses, this tag and this name (``*`` stands for anything)."""
        wanted: list[ColumnElement[bool]] = []
        if cursor is not None:
            wanted.append(jobs.c.seq < cursors.read_job(cursor))
        if tag is not None:
            wanted.append(jobs.c.seq.in_(select(job_tags.c.seq).where(job_tags.c.tag == tag)))
        if name is not None:
            wanted.append(_named(name))
        newest = _JOBS.where(*wanted).order_by(jobs.c.seq.desc()).limit(limit + 1)
        if status:  # one index range per status: a rare status is not searched for among all jobs
            parts = [self._jobs(newest.where(jobs.c.status == each)) for each in dict.fromkeys(status)]
            found = list(heapq.merge(*parts, key=lambda record: -record.seq))[: limit + 1]
        else:
            found = self._jobs(newest)
        page = found[:limit]
        return JobsPage(page, cursors.after_job(page[-1].seq) if page and len(found) > limit else None, self.counts())

    def counts(self) -> dict[str, int]:
        """Return the number of jobs by status; every status is there."""
        kept = {status: count for status, count in self._connection.execute(_COUNTS)}  # noqa: C416 - a result is no mapping
        return {status: kept.get(status, 0) for status in STATUSES}

    def active_jobs(self) -> list[JobRecord]:
        """Return all jobs that are not finished, oldest first."""
        return self._jobs(_JOBS.where(jobs.c.status.in_(_UNFINISHED)).order_by(jobs.c.seq))

    def sealed(self, job: str | int) -> bytes | None:
        """Return what ``Vault.seal`` made of a job's environment and secrets, None if there is nothing."""
        seq = job if isinstance(job, int) else job_seq(job)
        row = _SEALED.run(self._connection, {"of": seq}).fetchone()
        return row[0] if row is not None else None

    def find_submission(self, key: str, *, now: datetime) -> list[str] | None:
        """Return the ids of the jobs that were made under this idempotency key in the last 24 hours, or None."""
        kept = select(submissions.c.jobs).where(
            submissions.c.key == key, submissions.c.at > to_micros(now - KEPT_SUBMISSIONS)
        )
        found = self._connection.execute(kept).scalar()
        return msgspec.json.decode(found, type=list[str]) if found is not None else None

    def _jobs(self, statement: Select[str, str]) -> list[JobRecord]:
        return [job_from(facts, spec) for facts, spec in self._connection.execute(statement)]

    # Events

    def events_since(self, event_id: int, limit: int = 500) -> list[Event]:
        """Return the events after this id, oldest first."""
        rows = self._connection.execute(_EVENTS.where(events.c.id > event_id).order_by(events.c.id).limit(limit))
        return [event_from(*row, self._wire) for row in rows]

    def last_event_id(self) -> int:
        """Return the id of the newest event; 0 when there was none."""
        (last,) = _LAST_EVENT.run(self._connection).fetchone()
        return last or 0

    def first_event_id(self) -> int:
        """Return the id of the oldest event that is still kept; 0 when there is none."""
        return self._connection.execute(select(func.min(events.c.id))).scalar() or 0

    def _wire(self, record: JobRecord) -> Job:
        return record.to_wire(self._home_id, self._describe(record))

    # The home as a whole

    def setting(self, name: str) -> str | None:
        """Return what was kept under this name, None if nothing was."""
        return self._connection.execute(select(settings.c.value).where(settings.c.name == name)).scalar()

    # Runs

    def run(self, run_id: str) -> RunRow | None:
        """Return the run with this id, or None."""
        row = _RUN.run(self._connection, {"of": run_id}).fetchone()
        return run_from(row[0]) if row is not None else None

    def resolve_run(self, text: str | int, limit: int | None = None) -> list[RunRow]:
        """Return the run with this id (``41`` is ``job-41``), or the runs of exactly this name, newest first."""
        seq = text if isinstance(text, int) else job_seq(text)
        found = self.run(str(text) if seq is None else job_id(seq))
        if found is not None or seq is not None:
            return [found] if found is not None else []
        return self._runs(_RUNS.where(runs.c.name == text).limit(limit))

    def runs_page(
        self,
        query: Query = (),
        *,
        limit: int = 50,
        cursor: str | None = None,
        offset: int = 0,
    ) -> RunsPage:
        """Return the newest runs that fit a query, past ``offset`` of them."""
        before = cursors.read_run(cursor) if cursor is not None else None
        found = newest(self._connection, query, before=before, limit=limit + 1, offset=offset)
        page = [run_from(facts) for _, _, facts in found[:limit]]
        following = cursors.after_run(*found[limit - 1][:2]) if len(found) > limit else None
        return RunsPage(page, following)

    def count_runs(self, query: Query = ()) -> int:
        """Return how many runs fit a query."""
        return count(self._connection, query)

    def unfinished_runs(self) -> list[RunRow]:
        """Return all runs whose status is not final, newest first."""
        return self._runs(_RUNS.where(runs.c.status.in_(_UNFINISHED)))

    def run_names(self, limit: int = 500) -> list[str]:
        """Return the names of the newest runs, each once, to find the one that a mistyped name was meant to be."""
        newest = select(runs.c.name).order_by(runs.c.created_at.desc()).limit(limit)
        return list(dict.fromkeys(self._connection.execute(newest).scalars()))

    def _runs(self, statement: Select[str]) -> list[RunRow]:
        return [run_from(facts) for facts in self._connection.execute(statement).scalars()]


_JOBS: Select[str, str] = select(jobs.c.facts, job_specs.c.spec).join(job_specs, job_specs.c.seq == jobs.c.seq)
_RUNS: Select[str] = select(runs.c.facts).order_by(runs.c.created_at.desc(), runs.c.id.desc())
_EVENTS: Select[int, int, str, str, str | None] = select(
    events.c.id, events.c.at, events.c.kind, events.c.payload, job_specs.c.spec
).join_from(events, job_specs, job_specs.c.seq == events.c.seq, isouter=True)
_JOB = Prepared(_JOBS.where(jobs.c.seq == bindparam("of")))
_RUN = Prepared(select(runs.c.facts).where(runs.c.id == bindparam("of")))
_SEALED = Prepared(select(job_secrets.c.sealed).where(job_secrets.c.seq == bindparam("of")))
_LAST_EVENT = Prepared(select(func.max(events.c.id)))
_COUNTS: Select[str, int] = select(job_counts.c.status, job_counts.c.count)


def _named(pattern: str) -> ColumnElement[bool]:
    if "*" not in pattern:
        return jobs.c.name == pattern
    return jobs.c.name.ilike(_escaped(pattern).replace("*", "%"), escape="\\")


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
