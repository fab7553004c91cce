"""All unfinished jobs of the home, in memory, kept true by events; the plan and every explanation read it."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from trackside.models import FINAL, Dependency, Job
from trackside_server.domain.dependencies import Awaited
from trackside_server.domain.plan import Machine, Running, Snapshot, Waiting
from trackside_server.domain.record import JobRecord
from trackside_server.domain.standing import running_of, waiting_of
from trackside_server.engine.awaiting import Awaiting

__all__ = ["Board"]

_KEPT_REVISIONS = 20_000
_SAME_MOMENT = timedelta(seconds=1)
"""A plan is the same for so long, as far as times go."""


class Board:
    """Unfinished jobs. Mutated only by ``put`` (a job as the store has it), ``learn`` (jobs that others wait for) and
    ``starting``/``started`` (the scheduler).
    """

    def __init__(self) -> None:
        self._records: dict[str, JobRecord] = {}
        self._waiting: list[Waiting] = []  # sorted; without those that are being started or wait for other jobs
        self._running: dict[str, Running] = {}
        self._starting: dict[str, Running] = {}
        self._awaiting = Awaiting(self._records)
        self._moments: list[
            tuple[datetime, str]
        ] = []  # a heap; what does not hold any more is dropped when it comes up
        self._revisions: dict[str, int] = {}
        self._changes = 0
        self._snapshot: Snapshot | None = None

    @property
    def changes(self) -> int:
        """How often the board was changed; to be taken before the store is read for ``load``."""
        return self._changes

    def load(self, records: Iterable[JobRecord], since: int) -> None:
        """Begin anew with the unfinished jobs that the store had when ``changes`` was ``since``.

        Jobs that the board took meanwhile are newer and stay as they are.
        """
        found = {record.id: record for record in records}
        for job_id in [job_id for job_id in self._records if job_id not in found]:
            if self.revision(job_id) <= since:
                self.drop(job_id)
        self.put_all([record for job_id, record in found.items() if self.revision(job_id) <= since])

    def get(self, job_id: str) -> JobRecord | None:
        """The unfinished job of this id."""
        return self._records.get(job_id)

    def records(self) -> list[JobRecord]:
        """All unfinished jobs."""
        return list(self._records.values())

    def put(self, record: JobRecord) -> None:
        """Take a job as the store has it now."""
        self.put_all((record,))

    def put_all(self, records: Sequence[JobRecord]) -> None:
        """Take jobs, each named once, as the store has them now; many of them line up together."""
        fresh = [record for record in records if self._take(record)]
        if len(fresh) == 1:
            self._line_up(fresh[0])
        elif fresh:
            self._waiting += [waiting_of(record) for record in fresh if self._may_line_up(record)]
            self._waiting.sort(key=_order)
        for record in records:
            self._move_dependents(record.id)

    def _take(self, record: JobRecord) -> bool:
        """Know of this job from now on; whether it is one that waits for its start."""
        old = self._take_out(record.id)
        if record.status in FINAL:
            self._awaiting.ended(record)
            return False
        self._records[record.id] = record
        self._awaiting.waits(record)
        if record.status == "running":
            self._running[record.id] = running_of(record)
        elif record.status == "scheduled":
            self._schedule(record, old)
        return record.status == "pending"

    def drop(self, job_id: str) -> None:
        """Forget a job."""
        self._take_out(job_id)
        self._awaiting.forget(job_id)
        self._move_dependents(job_id)

    def _take_out(self, job_id: str) -> JobRecord | None:
        self._changed(job_id)
        old = self._records.pop(job_id, None)
        if old is not None:
            self._awaiting.waits_no_more(old)
            self._running.pop(job_id, None)
            self._step_out(old)
        return old

    def revision(self, job_id: str) -> int:
        """Return a number that grows when this job is put or dropped; what was read before it grew is old."""
        return self._revisions.get(job_id, 0)

    def knows(self, job: Job) -> bool:
        """Whether the board stands as this event of a job says, so that nothing need be read."""
        record = self._records.get(job.id)
        if record is None:
            return job.is_terminal
        asked = record.cancel_requested is not None
        return (record.status, record.attempt, asked) == (job.status, job.attempt, job.cancelling)

    def _changed(self, job_id: str) -> None:
        self._snapshot = None
        self._changes += 1
        self._revisions.pop(job_id, None)
        self._revisions[job_id] = self._changes
        if len(self._revisions) > _KEPT_REVISIONS:
            del self._revisions[next(iter(self._revisions))]

    def is_starting(self, job_id: str) -> bool:
        """Whether the scheduler is starting this job right now."""
        return job_id in self._starting

    def starting(self, record: JobRecord, gpus: tuple[str, ...], now: datetime | None = None) -> None:
        """Count a waiting job as running while it is being started."""
        self._snapshot = None
        self._starting[record.id] = running_of(record, gpus, now)
        self._step_out(record)

    def settled(self, job_id: str) -> None:
        """The start is over, well or not; a job that still waits is in the queue again."""
        self._snapshot = None
        self._starting.pop(job_id, None)
        record = self._records.get(job_id)
        if record is not None:
            self._step_out(record)
            self._line_up(record)

    def _line_up(self, record: JobRecord) -> None:
        if self._may_line_up(record):
            insort(self._waiting, waiting_of(record), key=_order)

    def _may_line_up(self, record: JobRecord) -> bool:
        return record.status == "pending" and record.id not in self._starting and self._awaiting.is_free(record.id)

    def _step_out(self, record: JobRecord) -> None:
        index = bisect_left(self._waiting, waiting_of(record).order, key=_order)
        if index < len(self._waiting) and self._waiting[index].id == record.id:
            del self._waiting[index]

    # Jobs that wait for other jobs

    def _move_dependents(self, job_id: str) -> None:
        """Let those who wait for this job look at it anew."""
        self._snapshot = None
        freed = []
        for dependent in self._awaiting.look(job_id):
            record = self._records[dependent]
            if not self._awaiting.is_free(dependent):
                self._step_out(record)
            elif record.status == "pending" and dependent not in self._starting:
                freed.append(waiting_of(record))
        if freed:
            self._waiting += freed
            self._waiting.sort(key=_order)

    def unknown(self) -> list[str]:
        """Ids of jobs that others wait for, and of which nothing is known here yet: the store must be asked."""
        return self._awaiting.unknown()

    def learn(self, job_id: str, record: JobRecord | None) -> None:
        """Take what the store has of a job that others wait for; None when it was deleted."""
        self._awaiting.learn(job_id, record)
        self._move_dependents(job_id)

    def broken(self) -> list[JobRecord]:
        """Jobs that can no longer start, since a job that they wait for ended the wrong way."""
        return [self._records[job_id] for job_id in self._awaiting.broken() if job_id not in self._starting]

    def open_dependencies(self, job_id: str) -> list[tuple[Dependency, Awaited | None]]:
        """What a job waits for, with the jobs as far as they are known."""
        return self._awaiting.open_of(job_id)

    def dependents(self, job_id: str) -> list[str]:
        """Ids of the unfinished jobs that wait for this one."""
        return self._awaiting.dependents(job_id)

    # Jobs whose time has not come

    def _schedule(self, record: JobRecord, old: JobRecord | None) -> None:
        unchanged = old is not None and (old.status, old.not_before) == (record.status, record.not_before)
        if record.not_before is not None and not unchanged:
            heapq.heappush(self._moments, (record.not_before, record.id))

    def next_moment(self) -> datetime | None:
        """When the next scheduled job may start."""
        while self._moments and not self._holds(*self._moments[0]):
            heapq.heappop(self._moments)
        return self._moments[0][0] if self._moments else None

    def due(self, now: datetime) -> list[JobRecord]:
        """Scheduled jobs whose time has come."""
        first = self.next_moment()
        if first is None or first > now:
            return []
        ids = dict.fromkeys(job_id for moment, job_id in self._moments if moment <= now and self._holds(moment, job_id))
        return [self._records[job_id] for job_id in ids]

    def _holds(self, moment: datetime, job_id: str) -> bool:
        record = self._records.get(job_id)
        return record is not None and record.status == "scheduled" and record.not_before == moment

    # What the plan sees

    def running(self) -> list[Running]:
        """What holds CPUs and GPUs now."""
        held = {**self._starting, **self._running}
        return list(held.values())

    def cpus_held(self) -> float:
        """CPUs held now."""
        return sum(job.cpus for job in self.running())

    def snapshot(
        self,
        machine: Machine,
        now: datetime | None = None,
        paused: str = "",
        tag_limits: Mapping[str, int] | None = None,
    ) -> Snapshot:
        """Everything that a plan depends on; good until the board changes, and the same one for a moment."""
        known, limits = self._snapshot, tag_limits or {}
        if (
            known is not None
            and (known.machine, known.paused, known.tag_limits) == (machine, paused, limits)
            and _is_same_moment(known.now, now)
        ):
            return known
        self._snapshot = Snapshot(machine, self._waiting, self.running(), now, paused, limits)
        return self._snapshot

    @property
    def anything_waits(self) -> bool:
        """Whether a job waits for its start, and for nothing but room."""
        return bool(self._waiting)


def _order(waiting: Waiting) -> tuple[int, int]:
    return waiting.order


def _is_same_moment(before: datetime | None, now: datetime | None) -> bool:
    if before is None or now is None:
        return before is now
    return abs(now - before) < _SAME_MOMENT
