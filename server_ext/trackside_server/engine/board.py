"""All unfinished jobs of the home, in memory, kept true by events; the plan and every explanation read it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from trackside.models import FINAL, Job
from trackside_server.domain.plan import Machine, Running, Snapshot, Waiting
from trackside_server.domain.record import JobRecord
from trackside_server.domain.standing import running_of, waiting_of

__all__ = ["Board"]

_KEPT_REVISIONS = 20_000


class Board:
    """Unfinished jobs. Mutated only by ``put`` (a job as the store has it) and ``starting``/``started`` (the scheduler)."""

    def __init__(self) -> None:
        self._records: dict[str, JobRecord] = {}
        self._waiting: list[Waiting] = []  # sorted; without those that are being started
        self._running: dict[str, Running] = {}
        self._starting: dict[str, Running] = {}
        self._revisions: dict[str, int] = {}
        self._changes = 0

    @property
    def changes(self) -> int:
        """How often the board was changed; to be taken before the store is read for ``load``."""
        return self._changes

    def load(self, records: Iterable[JobRecord], since: int) -> None:
        """Begin anew with the unfinished jobs that the store had when ``changes`` was ``since``.

        Jobs that the board took meanwhile are newer and stay as they are.
        """
        found = {record.id: record for record in records}
        for job_id in [*self._records, *found]:
            if self.revision(job_id) > since:
                continue
            if job_id in found:
                self.put(found[job_id])
            else:
                self.drop(job_id)

    def get(self, job_id: str) -> JobRecord | None:
        """The unfinished job of this id."""
        return self._records.get(job_id)

    def records(self) -> list[JobRecord]:
        """All unfinished jobs."""
        return list(self._records.values())

    def put(self, record: JobRecord) -> None:
        """Take a job as the store has it now."""
        self.drop(record.id)
        if record.status in FINAL:
            return
        self._records[record.id] = record
        if record.status == "running":
            self._running[record.id] = running_of(record)
        else:
            self._line_up(record)

    def drop(self, job_id: str) -> None:
        """Forget a job."""
        self._changed(job_id)
        old = self._records.pop(job_id, None)
        if old is None:
            return
        self._running.pop(job_id, None)
        self._step_out(old)

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
        self._changes += 1
        self._revisions.pop(job_id, None)
        self._revisions[job_id] = self._changes
        if len(self._revisions) > _KEPT_REVISIONS:
            del self._revisions[next(iter(self._revisions))]

    def is_starting(self, job_id: str) -> bool:
        """Whether the scheduler is starting this job right now."""
        return job_id in self._starting

    def starting(self, record: JobRecord, gpus: tuple[str, ...]) -> None:
        """Count a waiting job as running while it is being started."""
        self._starting[record.id] = running_of(record, gpus)
        self._step_out(record)

    def settled(self, job_id: str) -> None:
        """The start is over, well or not; a job that still waits is in the queue again."""
        self._starting.pop(job_id, None)
        record = self._records.get(job_id)
        if record is not None:
            self._step_out(record)
            self._line_up(record)

    def _line_up(self, record: JobRecord) -> None:
        if record.status == "pending" and record.id not in self._starting:
            insort(self._waiting, waiting_of(record), key=_order)

    def _step_out(self, record: JobRecord) -> None:
        index = bisect_left(self._waiting, waiting_of(record).order, key=_order)
        if index < len(self._waiting) and self._waiting[index].id == record.id:
            del self._waiting[index]

    def running(self) -> list[Running]:
        """What holds CPUs and GPUs now."""
        held = {**self._starting, **self._running}
        return list(held.values())

    def cpus_held(self) -> float:
        """CPUs held now."""
        return sum(job.cpus for job in self.running())

    def snapshot(self, machine: Machine) -> Snapshot:
        """Everything that a plan depends on; good until the board changes."""
        return Snapshot(machine, self._waiting, self.running())

    def snapshot_with(self, planned: JobRecord, machine: Machine) -> Snapshot:
        """Everything that a plan depends on, as if this job waited too."""
        waiting = list(self._waiting)
        insort(waiting, waiting_of(planned), key=_order)
        return Snapshot(machine, waiting, self.running())

    @property
    def anything_waits(self) -> bool:
        """Whether a job waits for its start."""
        return bool(self._waiting)


def _order(waiting: Waiting) -> tuple[int, int]:
    return waiting.order
