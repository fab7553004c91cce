"""What a write may do. Every change of a job appends its event in the same transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

import msgspec
from sqlalchemy import Connection, bindparam, delete, exists, insert, update

from trackside.errors import NotFound
from trackside.models import Event, JobChanged, JobDeleted, RunChanged
from trackside_server.domain.record import JobChanges, JobRecord, RunRow, job_seq
from trackside_server.store.reader import KEPT_SUBMISSIONS, Describe, Reader
from trackside_server.store.rows import NewEvent, job_facts, run_facts, run_from, spec_text, to_micros, written
from trackside_server.store.schema import (
    counters,
    events,
    job_counts,
    job_secrets,
    job_specs,
    job_tags,
    jobs,
    run_tags,
    runs,
    submissions,
)

__all__ = ["KEPT_EVENTS", "Tx"]

KEPT_EVENTS = 100_000
_PRUNE_EVERY = 1000

_CHANGEABLE = frozenset(JobChanges.__annotations__)


class Tx(Reader):
    """One transaction: sees its own changes; nothing of it is seen by others before the commit, or ever if it fails."""

    def __init__(self, connection: Connection, home_id: str, describe: Describe, now: datetime) -> None:
        super().__init__(connection, home_id, describe)
        self.now = now
        """The moment of this transaction, UTC; it is also that of its events."""
        self._events: list[NewEvent] = []
        self._counted: Counter[str] = Counter()

    # Jobs

    def reserve_job_ids(self, count: int = 1) -> list[int]:
        """Return so many numbers that no job has or will have, in order; one that is not used stays a gap."""
        last = self._connection.execute(_RESERVE, {"by": count}).scalar_one()
        return list(range(last - count + 1, last + 1))

    def raise_job_ids(self, at_least: int) -> None:
        """Have the ids that follow be above this number: run folders from before the store may bear those below."""
        self._connection.execute(_RAISE, {"at_least": at_least})

    def insert_job(self, record: JobRecord, *, secrets: bytes | None = None, reserved: bool = False) -> JobRecord:
        """Keep a new job and return it with its number: the one it brings (read from a folder, or ``reserved``), or the next."""
        if record.seq == 0:
            record = msgspec.structs.replace(record, seq=self.reserve_job_ids()[0])
        elif not reserved:
            self.raise_job_ids(record.seq)
        facts = job_facts(record)
        row = {"seq": record.seq, "uuid": record.uuid, "name": record.name, "status": record.status, "facts": facts}
        self._connection.execute(_INSERT_JOB, row)
        self._connection.execute(_INSERT_SPEC, {"seq": record.seq, "spec": spec_text(record.spec)})
        self._tag_job(record)
        if secrets is not None:
            self._connection.execute(_INSERT_SECRETS, {"seq": record.seq, "sealed": secrets})
        self._counted[record.status] += 1
        self._job_event(record, facts)
        return record

    def update_job(self, job: str | int, **changes: Unpack[JobChanges]) -> JobRecord:
        """Change some fields of a job and return it; a change that changes nothing leaves no event."""
        unknown = changes.keys() - _CHANGEABLE
        if unknown:
            raise TypeError(f"a job's {', '.join(sorted(unknown))} cannot change")
        before = self._known(job)
        after = msgspec.structs.replace(before, **changes)
        if after == before:
            return before
        facts = job_facts(after)
        row = {"of": after.seq, "name": after.name, "status": after.status, "facts": facts}
        self._connection.execute(_UPDATE_JOB, row)
        if after.tags != before.tags:
            self._connection.execute(delete(job_tags).where(job_tags.c.seq == after.seq))
            self._tag_job(after)
        if after.status != before.status:
            self._counted[before.status] -= 1
            self._counted[after.status] += 1
        self._job_event(after, facts)
        return after

    def delete_job(self, job: str | int) -> None:
        """Forget a job and its run; its number does not come back."""
        record = self._known(job)
        self._connection.execute(delete(jobs).where(jobs.c.seq == record.seq))
        self._connection.execute(delete(runs).where(runs.c.id == record.id))
        self._counted[record.status] -= 1
        self.add_event(JobDeleted(0, self.now, record.id))

    def _known_seq(self, job: str | int) -> int:
        seq = job if isinstance(job, int) else job_seq(job)
        if seq is None:
            raise NotFound(f"{job!r} is not a job's id.")
        return seq

    def _known(self, job: str | int) -> JobRecord:
        record = self.job(job)
        if record is None:
            raise NotFound(f"There is no job {job!r}.", hint="It may have been deleted.")
        return record

    def _tag_job(self, record: JobRecord) -> None:
        if record.tags:
            rows = [{"tag": tag, "seq": record.seq} for tag in dict.fromkeys(record.tags)]
            self._connection.execute(_INSERT_JOB_TAG, rows)

    # Secrets

    def keep_secrets(self, job: str | int, sealed: bytes) -> None:
        """Keep what ``Vault.seal`` made of a job's environment and secrets, in place of what was kept."""
        seq = self._known_seq(job)
        self._connection.execute(_FORGET_SECRETS, {"of": seq})
        self._connection.execute(_INSERT_SECRETS, {"seq": seq, "sealed": sealed})

    def take_secrets(self, job: str | int) -> bytes | None:
        """Return what was kept for ``Vault.open``, and erase it; None if there is nothing."""
        sealed = self.sealed(job)
        if sealed is not None:
            self._connection.execute(_FORGET_SECRETS, {"of": self._known_seq(job)})
        return sealed

    # Submissions

    def remember_submission(self, key: str, ids: Sequence[str]) -> None:
        """Keep, for 24 hours, which jobs were made under an idempotency key."""
        old = to_micros(self.now - KEPT_SUBMISSIONS)
        self._connection.execute(delete(submissions).where((submissions.c.at <= old) | (submissions.c.key == key)))
        row = {"key": key, "jobs": msgspec.json.encode(list(ids)).decode(), "at": to_micros(self.now)}
        self._connection.execute(insert(submissions).values(row))

    # Runs

    def upsert_run(self, row: RunRow, *, first: bool = False) -> bool:
        """Keep what is known of a run; return whether that is new. A run without a job leaves an event then.

        ``first``: nothing can be known of it yet.
        """
        facts = run_facts(row)
        row, before = run_from(facts), None if first else self.run(row.id)
        if before == row:
            return False
        values = {"name": row.name, "status": row.status, "created_at": to_micros(row.created_at), "facts": facts}
        self._connection.execute(_INSERT_RUN if before is None else _UPDATE_RUN, {"of": row.id, **values})
        if row.tags != (before.tags if before is not None else ()):
            self._tag_run(row)
        if row.job_id is None:
            self.add_event(RunChanged(0, self.now, row.id))
        return True

    def delete_run(self, run_id: str) -> bool:
        """Forget a run; return whether it was known. A run without a job leaves an event."""
        row = self.run(run_id)
        if row is None:
            return False
        self._connection.execute(delete(runs).where(runs.c.id == run_id))
        if row.job_id is None:
            self.add_event(RunChanged(0, self.now, run_id))
        return True

    def _tag_run(self, row: RunRow) -> None:
        self._connection.execute(delete(run_tags).where(run_tags.c.run_id == row.id))
        if row.tags:
            self._connection.execute(
                insert(run_tags), [{"tag": tag, "run_id": row.id} for tag in dict.fromkeys(row.tags)]
            )

    # Events

    def add_event(self, event: Event) -> None:
        """Append an event; its ``id`` is given at the commit, the one it brings does not count."""
        if isinstance(event, JobChanged):
            raise TypeError("a job's event comes from insert_job and update_job")
        if isinstance(event, JobDeleted):
            self._events.append(NewEvent("job_deleted", event.at, job_seq(event.job_id), event.job_id))
        else:
            self._events.append(NewEvent("run", event.at, None, event.run_id))

    def _job_event(self, record: JobRecord, facts: str) -> None:
        self._events.append(NewEvent("job", self.now, record.seq, facts, record))

    # For the writer: what is gathered while the writes of a group run is written once, before the commit

    def mark(self) -> tuple[int, Counter[str]]:
        """Return the place to which ``undo`` goes back."""
        return len(self._events), self._counted.copy()

    def undo(self, mark: tuple[int, Counter[str]]) -> None:
        """Forget what was gathered since ``mark``, since its statements were rolled back."""
        del self._events[mark[0] :]
        self._counted = mark[1]

    def flush(self) -> list[Event]:
        """Write what was gathered and return the events."""
        for status, by in self._counted.items():
            if by:
                self._connection.execute(_COUNT, {"of": status, "by": by})
        self._counted.clear()
        if not self._events:
            return []
        rows = [
            {"at": to_micros(event.at), "kind": event.kind, "seq": event.seq, "payload": event.payload}
            for event in self._events
        ]
        if len(rows) == 1:
            key = self._connection.execute(_INSERT_EVENT, rows[0]).inserted_primary_key
            last = key[0] if key else self.last_event_id()
        else:
            self._connection.execute(_INSERT_EVENT, rows)
            last = self.last_event_id()
        numbered = zip(self._events, range(last - len(rows) + 1, last + 1), strict=True)
        done = [written(event, number, self._wire) for event, number in numbered]
        self._events.clear()
        if last // _PRUNE_EVERY != (last - len(rows)) // _PRUNE_EVERY:
            self.prune(last - KEPT_EVENTS)
        return done

    def prune(self, up_to: int) -> None:
        """Forget the events up to this id, and the specs of deleted jobs of which no event speaks any more."""
        self._connection.execute(delete(events).where(events.c.id <= up_to))
        kept = exists().where(jobs.c.seq == job_specs.c.seq) | exists().where(events.c.seq == job_specs.c.seq)
        self._connection.execute(delete(job_specs).where(~kept))


_RESERVE = (
    update(counters)
    .where(counters.c.name == "job")
    .values(value=counters.c.value + bindparam("by"))
    .returning(counters.c.value)
)
_RAISE = (
    update(counters)
    .where(counters.c.name == "job", counters.c.value < bindparam("at_least"))
    .values(value=bindparam("at_least"))
)
_COUNT = (
    update(job_counts).where(job_counts.c.status == bindparam("of")).values(count=job_counts.c.count + bindparam("by"))
)
_INSERT_JOB = insert(jobs)
_UPDATE_JOB = (
    update(jobs)
    .where(jobs.c.seq == bindparam("of"))
    .values(name=bindparam("name"), status=bindparam("status"), facts=bindparam("facts"))
)
_INSERT_SPEC = insert(job_specs)
_INSERT_JOB_TAG = insert(job_tags)
_INSERT_EVENT = insert(events)
_INSERT_RUN = insert(runs).values(id=bindparam("of"))
_UPDATE_RUN = (
    update(runs)
    .where(runs.c.id == bindparam("of"))
    .values({name: bindparam(name) for name in ("name", "status", "created_at", "facts")})
)
_FORGET_SECRETS = delete(job_secrets).where(job_secrets.c.seq == bindparam("of"))
_INSERT_SECRETS = insert(job_secrets)
