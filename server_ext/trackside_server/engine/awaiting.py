"""Who waits for whom among the unfinished jobs, and what is known of the jobs that are waited for."""

from __future__ import annotations

from collections.abc import Mapping

from trackside.models import Dependency
from trackside_server.domain.dependencies import Awaited, Verdict, awaited, judge
from trackside_server.domain.record import JobRecord

__all__ = ["Awaiting"]


class Awaiting:
    """Part of the board. ``records`` are its unfinished jobs, read here and never changed.

    Of a job that has ended only what was said of it is kept, for as long as somebody waits for it.
    """

    def __init__(self, records: Mapping[str, JobRecord]) -> None:
        self._records = records
        self._dependents: dict[str, dict[str, None]] = {}  # by the id of the job that is waited for, in order
        self._ended: dict[str, Awaited | None] = {}  # None: deleted
        self._unknown: dict[str, None] = {}
        self._held: set[str] = set()
        self._broken: dict[str, None] = {}

    def waits(self, record: JobRecord) -> None:
        """Take a job that may wait for others."""
        for dependency in record.spec.after:
            self._dependents.setdefault(dependency.job, {})[record.id] = None
            if dependency.job not in self._records and dependency.job not in self._ended:
                self._unknown[dependency.job] = None
        self._judge(record)

    def waits_no_more(self, record: JobRecord) -> None:
        """Forget a job that may have waited for others. What is known of those stays until nobody asks for it."""
        self._held.discard(record.id)
        self._broken.pop(record.id, None)
        for dependency in record.spec.after:
            waiting = self._dependents.get(dependency.job)
            if waiting is not None:
                waiting.pop(record.id, None)

    def ended(self, record: JobRecord) -> None:
        """Take how a job ended that others may wait for."""
        if self._dependents.get(record.id):
            self._know(record.id, awaited(record))
        self._prune(record)

    def forget(self, job_id: str) -> None:
        """A job is unfinished no more; how it ended is asked of the store if anybody waits for it."""
        self._ended.pop(job_id, None)
        if self._dependents.get(job_id):
            self._unknown[job_id] = None

    def learn(self, job_id: str, record: JobRecord | None) -> None:
        """Take what the store has of a job; None when it was deleted."""
        self._unknown.pop(job_id, None)
        if job_id not in self._records:
            self._know(job_id, None if record is None else awaited(record))

    def unknown(self) -> list[str]:
        """Jobs of which nothing is known yet."""
        for job_id in [each for each in self._unknown if each in self._records or not self._dependents.get(each)]:
            del self._unknown[job_id]
        return list(self._unknown)

    def look(self, job_id: str) -> list[str]:
        """Judge those who wait for this job anew; return those that are free now and were not, or the other way."""
        if job_id in self._records:
            self._ended.pop(job_id, None)
            self._unknown.pop(job_id, None)
        return [each for each in self._dependents.get(job_id, ()) if self._turns(self._records[each])]

    def _turns(self, record: JobRecord) -> bool:
        before = record.id in self._held
        self._judge(record)
        return before != (record.id in self._held)

    def dependents(self, job_id: str) -> list[str]:
        """The unfinished jobs that wait for this one."""
        return list(self._dependents.get(job_id, ()))

    def is_free(self, job_id: str) -> bool:
        """Whether all that this job waited for has come."""
        return job_id not in self._held

    def broken(self) -> list[str]:
        """The jobs that wait in vain."""
        return list(self._broken)

    def open_of(self, job_id: str) -> list[tuple[Dependency, Awaited | None]]:
        """What this job still waits for."""
        if job_id not in self._held:
            return []
        after = self._records[job_id].spec.after
        return [(each, self._standing(each.job)) for each in after if self._verdict(each) != "met"]

    def _judge(self, record: JobRecord) -> None:
        self._held.discard(record.id)
        self._broken.pop(record.id, None)
        if not record.spec.after or record.status == "running":
            return
        verdicts = {self._verdict(each) for each in record.spec.after}
        if verdicts != {"met"}:
            self._held.add(record.id)
        if "broken" in verdicts:
            self._broken[record.id] = None

    def _verdict(self, dependency: Dependency) -> Verdict:
        if dependency.job in self._records or dependency.job not in self._ended:
            return "open"  # it goes on, or nobody has asked the store yet
        job = self._ended[dependency.job]
        return judge(dependency, None if job is None else job.status)

    def _standing(self, job_id: str) -> Awaited | None:
        record = self._records.get(job_id)
        return awaited(record) if record is not None else self._ended.get(job_id)

    def _know(self, job_id: str, job: Awaited | None) -> None:
        self._ended[job_id] = job
        self._unknown.pop(job_id, None)

    def _prune(self, record: JobRecord) -> None:
        """Forget what only this job, which is over, wanted to know."""
        for dependency in record.spec.after:
            if not self._dependents.get(dependency.job):
                self._dependents.pop(dependency.job, None)
                self._ended.pop(dependency.job, None)
