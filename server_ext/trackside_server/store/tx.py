"""What a write may do. Every change of a job appends its event in the same transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Unpack

import msgspec
from sqlalchemy import Connection, bindparam, delete, exists, insert, update

from trackside.errors import NotFound
from trackside.models import Event, JobChanged, JobDeleted, MetricFacts, QueueChanged, RunChanged
from trackside_server.domain.record import JobChanges, JobRecord, RunRow, job_seq
from trackside_server.domain.searched import words_of
from trackside_server.store.prepared import Prepared
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
    settings,
    submissions,
)
from trackside_server.store.values import forget_values, insert_values, tag_rows, value_changes, value_rows

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
        self.insert_jobs([record], {} if secrets is None else {record.seq: secrets})
        return record

    def insert_jobs(self, records: Sequence[JobRecord], sealed: Mapping[int, bytes]) -> None:
        """Keep new jobs, all of which bring their numbers; ``sealed``: what is kept for the vault, by number."""
        facts = [job_facts(record) for record in records]
        at = self._connection
        _INSERT_JOB.run_many(
            at,
            [
                {"seq": record.seq, "uuid": record.uuid, "name": record.name, "status": record.status, "facts": text}
                for record, text in zip(records, facts, strict=True)
            ],
        )
        _INSERT_SPEC.run_many(at, [{"seq": record.seq, "spec": spec_text(record.spec)} for record in records])
        self._tag_jobs(records)
        _INSERT_SECRETS.run_many(at, [{"seq": seq, "sealed": kept} for seq, kept in sealed.items()])
        for record, text in zip(records, facts, strict=True):
            self._counted[record.status] += 1
            self._job_event(record, text)

    def update_job(self, job: str | int | JobRecord, **changes: Unpack[JobChanges]) -> JobRecord:
        """Change some fields of a job and return it; a change that changes nothing leaves no event.

        A record must have been read in this very transaction.
        """
        unknown = changes.keys() - _CHANGEABLE
        if unknown:
            raise TypeError(f"a job's {', '.join(sorted(unknown))} cannot change")
        before = job if isinstance(job, JobRecord) else self._known(job)
        after = msgspec.structs.replace(before, **changes)
        if after == before:
            return before
        facts = job_facts(after)
        row = {"of": after.seq, "name": after.name, "status": after.status, "facts": facts}
        _UPDATE_JOB.run(self._connection, row)
        if after.spec != before.spec:
            _UPDATE_SPEC.run(self._connection, {"of": after.seq, "spec": spec_text(after.spec)})
        if after.tags != before.tags:
            self._connection.execute(delete(job_tags).where(job_tags.c.seq == after.seq))
            self._tag_jobs([after])
        if after.status != before.status:
            self._counted[before.status] -= 1
            self._counted[after.status] += 1
        self._job_event(after, facts)
        return after

    def delete_job(self, job: str | int) -> None:
        """Forget a job and its run; its number does not come back."""
        record = self._known(job)
        self._connection.execute(delete(jobs).where(jobs.c.seq == record.seq))
        row = self.run(record.id)
        if row is not None:
            self._forget_run(row)
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

    def _tag_jobs(self, records: Sequence[JobRecord]) -> None:
        rows = [{"tag": tag, "seq": record.seq} for record in records for tag in dict.fromkeys(record.tags)]
        _INSERT_JOB_TAG.run_many(self._connection, rows)

    # Secrets

    def keep_secrets(self, job: str | int, sealed: bytes) -> None:
        """Keep what ``Vault.seal`` made of a job's environment and secrets, in place of what was kept."""
        seq = self._known_seq(job)
        _FORGET_SECRETS.run(self._connection, {"of": seq})
        _INSERT_SECRETS.run(self._connection, {"seq": seq, "sealed": sealed})

    def take_secrets(self, job: str | int) -> bytes | None:
        """Return what was kept for ``Vault.open``, and erase it; None if there is nothing."""
        sealed = self.sealed(job)
        if sealed is not None:
            _FORGET_SECRETS.run(self._connection, {"of": self._known_seq(job)})
        return sealed

    # Submissions

    def remember_submission(self, key: str, ids: Sequence[str]) -> None:
        """Keep, for 24 hours, which jobs were made under an idempotency key."""
        old = to_micros(self.now - KEPT_SUBMISSIONS)
        self._connection.execute(delete(submissions).where((submissions.c.at <= old) | (submissions.c.key == key)))
        row = {"key": key, "jobs": msgspec.json.encode(list(ids)).decode(), "at": to_micros(self.now)}
        self._connection.execute(insert(submissions).values(row))

    # The home as a whole

    def keep_setting(self, name: str, value: str) -> None:
        """Keep a text under this name, in place of what was kept."""
        self._connection.execute(delete(settings).where(settings.c.name == name))
        self._connection.execute(insert(settings).values(name=name, value=value))

    # Runs

    def insert_runs(self, rows: Sequence[RunRow]) -> None:
        """Keep runs of jobs, of which nothing can be known yet."""
        _INSERT_RUN.run_many(self._connection, [_run_values(row, run_facts(row)) for row in rows])
        _INSERT_RUN_TAG.run_many(self._connection, [tagged for row in rows for tagged in tag_rows(row)])
        insert_values(self._connection, [value for row in rows for value in value_rows(row)])

    def upsert_run(self, row: RunRow) -> bool:
        """Keep what is known of a run; return whether that is new. A run without a job leaves an event then.

        A run that has ended keeps the facts of its metrics until it brings others; those of before its end are dropped.
        """
        before = self.run(row.id)
        if before is not None and before.is_terminal and row.is_terminal and not row.metrics:
            row = msgspec.structs.replace(row, metrics=before.metrics)
        if not self._put_run(before, row):
            return False
        if row.job_id is None:
            self.add_event(RunChanged(0, self.now, row.id))
        return True

    def keep_metrics(self, found: Sequence[tuple[RunRow, dict[str, MetricFacts]]]) -> None:
        """Keep what was found of the metrics of runs, without an event.

        Of a run that ended or began again since it was seen, or whose facts are known by now, it is not kept.
        """
        for seen, metrics in found:
            row = self.run(seen.id)
            if row is not None and row.status == seen.status and not (row.is_terminal and row.metrics):
                self._put_run(row, msgspec.structs.replace(row, metrics=metrics))

    def _put_run(self, before: RunRow | None, row: RunRow) -> bool:
        facts = run_facts(row)
        row = run_from(facts)
        if before == row:
            return False
        (_INSERT_RUN if before is None else _UPDATE_RUN).run(self._connection, _run_values(row, facts))
        self._change_tags(before, row)
        self._change_values(before, row)
        return True

    def delete_run(self, run_id: str) -> bool:
        """Forget a run; return whether it was known. A run without a job leaves an event."""
        row = self.run(run_id)
        if row is None:
            return False
        self._forget_run(row)
        if row.job_id is None:
            self.add_event(RunChanged(0, self.now, run_id))
        return True

    def _forget_run(self, row: RunRow) -> None:
        self._change_values(row, None)
        self._connection.execute(delete(runs).where(runs.c.id == row.id))

    def _change_values(self, before: RunRow | None, after: RunRow | None) -> None:
        gone, new = value_changes(before, after)
        forget_values(self._connection, gone)
        insert_values(self._connection, new)

    def _change_tags(self, before: RunRow | None, row: RunRow) -> None:
        old, new = tag_rows(before) if before is not None else [], tag_rows(row)
        if old != new:
            self._connection.execute(delete(run_tags).where(run_tags.c.run_id == row.id))
            _INSERT_RUN_TAG.run_many(self._connection, new)

    # Events

    def add_event(self, event: Event) -> None:
        """Append an event; its ``id`` is given at the commit, the one it brings does not count."""
        if isinstance(event, JobChanged):
            raise TypeError("a job's event comes from insert_job and update_job")
        if isinstance(event, JobDeleted):
            self._events.append(NewEvent("job_deleted", event.at, job_seq(event.job_id), event.job_id))
        elif isinstance(event, QueueChanged):
            self._events.append(NewEvent("queue", event.at, None, msgspec.json.encode(event.queue).decode()))
        else:
            self._events.append(NewEvent("run", event.at, None, event.run_id))

    def begin_events_after(self, number: int) -> None:
        """Have the first event of an empty store come after this number: clients know ids of the store before."""
        placeholder = {"id": number, "at": to_micros(self.now), "kind": "run", "payload": ""}
        self._connection.execute(insert(events).values(placeholder))
        self._connection.execute(delete(events).where(events.c.id == number))

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
                _COUNT.run(self._connection, {"of": status, "by": by})
        self._counted.clear()
        if not self._events:
            return []
        rows = [
            {"at": to_micros(event.at), "kind": event.kind, "seq": event.seq, "payload": event.payload}
            for event in self._events
        ]
        _INSERT_EVENT.run_many(self._connection, rows)
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


def _run_values(row: RunRow, facts: str) -> dict[str, object]:
    created_at = to_micros(row.created_at)
    return {
        "of": row.id,
        "name": row.name,
        "status": row.status,
        "created_at": created_at,
        "facts": facts,
        "words": words_of(row),
    }


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
_COUNT = Prepared(
    update(job_counts).where(job_counts.c.status == bindparam("of")).values(count=job_counts.c.count + bindparam("by"))
)
_INSERT_JOB = Prepared(insert(jobs), "seq", "uuid", "name", "status", "facts")
_UPDATE_JOB = Prepared(
    update(jobs)
    .where(jobs.c.seq == bindparam("of"))
    .values(name=bindparam("name"), status=bindparam("status"), facts=bindparam("facts"))
)
_INSERT_SPEC = Prepared(insert(job_specs), "seq", "spec")
_UPDATE_SPEC = Prepared(update(job_specs).where(job_specs.c.seq == bindparam("of")).values(spec=bindparam("spec")))
_INSERT_JOB_TAG = Prepared(insert(job_tags), "tag", "seq")
_INSERT_EVENT = Prepared(insert(events), "at", "kind", "seq", "payload")
_INSERT_RUN = Prepared(
    insert(runs).values(
        id=bindparam("of"), **{name: bindparam(name) for name in ("name", "status", "created_at", "facts", "words")}
    )
)
_INSERT_RUN_TAG = Prepared(insert(run_tags), "tag", "created_at", "run_id")
_UPDATE_RUN = Prepared(
    update(runs)
    .where(runs.c.id == bindparam("of"))
    .values({name: bindparam(name) for name in ("name", "status", "created_at", "facts", "words")})
)
_FORGET_SECRETS = Prepared(delete(job_secrets).where(job_secrets.c.seq == bindparam("of")))
_INSERT_SECRETS = Prepared(insert(job_secrets), "seq", "sealed")
