"""Submit: one job or a list, all or nothing, durable before it is answered."""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from trackside.errors import Conflict, InvalidInput
from trackside.models import Job, JobSpec, Limit, Submission, parse_submission
from trackside.models.job import DryRun
from trackside.tracking.folder import RunFolder
from trackside_server.domain.cost import check_cost, cost_of
from trackside_server.domain.explain import explain
from trackside_server.domain.notify import check_notify
from trackside_server.domain.plan import Machine
from trackside_server.domain.record import JobRecord, job_id
from trackside_server.domain.requests import check_request
from trackside_server.engine.after import awaits_of, with_ids
from trackside_server.engine.core import Core, utc_now
from trackside_server.engine.folder import check_files, lay_out, staging_folder, undo_lay_out
from trackside_server.engine.index import row_of_job
from trackside_server.engine.snapshots import freeze
from trackside_server.isolation.limits import report
from trackside_server.store import Reader, Tx

__all__ = ["dry_run", "limits_of", "submit"]

_T = TypeVar("_T")
_MOST = 1_000
"""Jobs of one request: they are made in one transaction, and others who write wait for it."""
_AT_A_TIME = 100
"""Jobs whose answers are made without a pause."""
_AT_ONCE = 8
"""Jobs that are read and sealed faster than a thread is asked to do it."""


async def submit(core: Core, body: object, idempotency_key: str | None = None) -> list[Job]:
    """Make the jobs that a request describes; a key that was used before answers the jobs made then."""
    if not idempotency_key:
        return await _make(core, body, None)
    async with core.turn(idempotency_key):
        known = await _made_before(core, idempotency_key)
        if known is not None:
            return known
        try:
            return await _make(core, body, idempotency_key)
        except InvalidInput as error:
            if error.code != "missing_staging":
                raise
            known = await _made_before(core, idempotency_key)  # another server took what was staged
            if known is None:
                raise
            return known


async def _make(core: Core, body: object, key: str | None) -> list[Job]:
    submissions = await _frozen(core, await _read(core, body))
    sealed = await _aside(len(submissions), lambda: _seal(core, submissions))
    making = _Making(core, submissions, sealed, key)
    try:
        kept = await core.write(making.insert)
    except BaseException:
        making.undo()
        raise
    core.keep_sealed(making.sealed())
    core.settle(kept)
    made = []
    for first in range(0, len(kept), _AT_A_TIME):
        made += [core.wire(record) for record in kept[first : first + _AT_A_TIME]]
        await asyncio.sleep(0)  # others are served in between
    return made


class _Making:
    """Jobs in the making: numbered, laid out and inserted in one transaction, which the writer may run more than once."""

    def __init__(self, core: Core, submissions: list[Submission], sealed: list[bytes | None], key: str | None) -> None:
        self._core = core
        self._submissions = submissions
        self._sealed = sealed
        self._key = key
        self.records: list[JobRecord] = []

    def sealed(self) -> list[tuple[str, bytes | None]]:
        """Return what is sealed of each job that was made."""
        return [(record.id, kept) for record, kept in zip(self.records, self._sealed, strict=False)]

    def insert(self, tx: Tx) -> list[JobRecord]:
        """Make the run folders and the rows; another server with the same key may have been faster."""
        self.undo()
        if self._key is not None and (known := tx.find_submission(self._key, now=tx.now)) is not None:
            return [record for record in map(tx.job, known) if record is not None]
        for submission, seq in zip(self._submissions, tx.reserve_job_ids(len(self._submissions)), strict=True):
            record = _record(self._core, submission, seq, tx)
            lay_out(record, self._core.home, self._core.home_id)
            self.records.append(record)
        sealed = zip(self.records, self._sealed, strict=True)
        tx.insert_jobs(self.records, {record.seq: kept for record, kept in sealed if kept is not None})
        tx.insert_runs([row_of_job(record) for record in self.records])
        if self._key is not None:
            tx.remember_submission(self._key, [record.id for record in self.records])
        return list(self.records)

    def undo(self) -> None:
        """Take away what was laid out."""
        for record in self.records:
            undo_lay_out(record, self._core.home)
        self.records.clear()


async def dry_run(core: Core, body: object) -> DryRun:
    """Say what a submission would become, without making anything."""
    if isinstance(body, list):
        raise InvalidInput("A dry run takes one job, not a list.")
    (submission,) = await _read(core, body)

    def look(reader: Reader) -> tuple[JobRecord, list[str]]:
        planned = _record(core, submission, 2**60, reader)
        return planned, awaits_of(planned.spec, reader)

    planned, awaits = await core.query(look)
    snapshot = core.snapshot()
    explanation = explain(planned, snapshot, utc_now(), awaits, forecast=True)
    return DryRun(
        submission.spec,
        limits_of(core, submission.spec),
        msgspec.structs.replace(explanation, id=""),
        socket.gethostname(),
        cost_of(submission.spec, snapshot.machine.gpus, core.settings.prices, core.settings.currency),
    )


def limits_of(core: Core, spec: JobSpec) -> list[Limit]:
    """Return the limits that were asked for, and how each would be enforced here."""
    return report(
        core.home,
        time=spec.time,
        memory=spec.memory,
        cpus=None if spec.cpus == 1.0 else spec.cpus,  # what every job has is no limit that somebody asked for
        cores=spec.cores,
        max_iops=spec.max_iops,
        max_output=spec.max_output,
        max_processes=spec.max_processes,
    )


async def _read(core: Core, body: object) -> list[Submission]:
    raws = body if isinstance(body, list) else [body]
    if not raws or len(raws) > _MOST:
        raise InvalidInput(f"A list of {len(raws)} jobs cannot be submitted.", hint=f"Send 1 to {_MOST} at a time.")
    core.seen_machine = machine = await core.machine.machine(core.board)
    count = len(raws)
    return await _aside(count, lambda: [_read_one(core, raw, machine, index, count) for index, raw in enumerate(raws)])


async def _frozen(core: Core, submissions: list[Submission]) -> list[Submission]:
    """Keep the files that came with jobs as they are now."""
    if not any(each.spec.uploads for each in submissions):
        return submissions

    def freeze_all() -> list[Submission]:
        return [
            Submission(
                msgspec.structs.replace(
                    spec, uploads=freeze(core.home, staging_folder(core.home, spec.staging), spec.uploads)
                ),
                each.environment,
                each.secrets,
            )
            if (spec := each.spec).uploads and spec.staging is not None
            else each
            for each in submissions
        ]

    return await asyncio.to_thread(freeze_all)


async def _aside(count: int, work: Callable[[], _T]) -> _T:
    """Do work on so many jobs: at once, or in a thread where it would keep other requests waiting."""
    return work() if count <= _AT_ONCE else await asyncio.to_thread(work)


def _seal(core: Core, submissions: Sequence[Submission]) -> list[bytes | None]:
    """Seal what must not lie on the disk in clear; once for neighbours with the same, None where there is nothing."""
    sealed: list[bytes | None] = []
    last: Submission | None = None
    for each in submissions:
        if each.environment is None and not each.secrets:
            sealed.append(None)
        elif last is not None and (each.environment, each.secrets) == (last.environment, last.secrets):
            sealed.append(sealed[-1])
        else:
            sealed.append(core.vault.seal(each.environment, each.secrets))
        last = each
    return sealed


def _read_one(core: Core, raw: object, machine: Machine, index: int, count: int) -> Submission:
    try:
        if not isinstance(raw, dict):
            raise InvalidInput("A submission is a JSON object.")
        submission = parse_submission(raw)
        check_request(submission.spec, machine)
        check_cost(submission.spec, machine.gpus, core.settings.prices, core.settings.currency)
        check_notify(submission.spec, core.settings.notify)
        check_files(submission.spec, core.home)
    except InvalidInput as error:
        if count == 1:
            raise
        raise InvalidInput(f"Job {index + 1} of {count}: {error.message}", hint=error.hint, code=error.code) from None
    return submission


def _record(core: Core, submission: Submission, seq: int, reader: Reader) -> JobRecord:
    """The job as it is kept first; ``reader`` knows the jobs that it waits for."""
    spec, now = with_ids(submission.spec, reader), utc_now()
    later = spec.at if spec.at is not None and spec.at > now else None
    run_dir = f"{core.home}/runs/{job_id(seq)}"
    workdir = str(RunFolder(run_dir).work if spec.uploads else Path.home())
    return JobRecord(
        seq=seq,
        uuid=str(uuid.uuid4()),
        name=spec.name,
        status="pending" if later is None else "scheduled",
        created_at=now,
        not_before=later,
        priority=spec.priority,
        tags=tuple(spec.tags),
        run_dir=run_dir,
        limits=tuple(limits_of(core, spec)),
        spec=spec if spec.workdir else msgspec.structs.replace(spec, workdir=workdir),
    )


async def _made_before(core: Core, key: str) -> list[Job] | None:
    def find(reader: Reader) -> list[JobRecord] | None:
        known = reader.find_submission(key, now=utc_now())
        return None if known is None else [record for record in map(reader.job, known) if record is not None]

    known = await core.query(find)
    if known == []:
        raise Conflict("The jobs made under this Idempotency-Key were deleted.", hint="Use a new key.")
    return None if known is None else [core.wire(record) for record in known]
