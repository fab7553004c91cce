"""Jobs that wait no more though nothing came free: their time has come, or what they waited for can no longer be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from trackside.models import WAITING, Reason
from trackside_server.domain.dependencies import awaited, broken, judge
from trackside_server.domain.record import JobRecord
from trackside_server.engine.core import Core, utc_now
from trackside_server.engine.index import row_of_job
from trackside_server.engine.noted import note
from trackside_server.store import Reader, Tx

__all__ = ["learn", "release"]


async def release(core: Core, now: datetime) -> None:
    """Put jobs into the queue whose time has come, and end those whose dependency is broken; again until none is left."""
    await learn(core)
    due = [record.id for record in core.board.due(now)]
    if due:
        core.settle(await core.write(lambda tx: _each(tx, due, _begin_to_wait)))
    while doomed := [record.id for record in core.board.broken() if record.cancel_requested is None]:
        ended = await _fail_all(core, doomed)
        if not any(record.is_terminal for record in ended):
            return  # the store knows better; its events are on their way
        await learn(core)


async def _fail_all(core: Core, doomed: list[str]) -> list[JobRecord]:
    ended = await core.write(lambda tx: _each(tx, doomed, _fail))
    core.settle(ended)
    for record in ended:
        if record.is_terminal:
            await note(core, record)
    return ended


def _each(tx: Tx, ids: Iterable[str], change: Callable[[Tx, str], JobRecord | None]) -> list[JobRecord]:
    return [record for record in (change(tx, job_id) for job_id in ids) if record is not None]


async def learn(core: Core) -> None:
    """Ask the store about jobs that others wait for and that are not on the board: they ended, or were deleted."""
    unknown = core.board.unknown()
    if not unknown:
        return
    found = await core.query(lambda reader: {job_id: reader.job(job_id) for job_id in unknown})
    for job_id, record in found.items():
        core.board.learn(job_id, record)


def _begin_to_wait(tx: Tx, job_id: str) -> JobRecord | None:
    """Let a job into the queue; a clock that was set back since, or a cancel, is seen here."""
    record = tx.job(job_id)
    if (
        record is None
        or record.status != "scheduled"
        or (record.not_before is not None and record.not_before > utc_now())
    ):
        return record
    waiting = tx.update_job(job_id, status="pending")
    tx.upsert_run(row_of_job(waiting))
    return waiting


def _fail(tx: Tx, job_id: str) -> JobRecord | None:
    record = tx.job(job_id)
    if record is None or record.status not in WAITING:
        return record
    reason = _why_broken(tx, record)
    if reason is None:
        return record
    if record.spec.secrets:
        tx.take_secrets(job_id)
    ended = tx.update_job(job_id, status="failed", reason=reason, finished_at=tx.now, not_before=None, last_end=None)
    tx.upsert_run(row_of_job(ended))
    return ended


def _why_broken(reader: Reader, record: JobRecord) -> Reason | None:
    for dependency in record.spec.after:
        found = reader.job(dependency.job)
        job = None if found is None else awaited(found)
        if judge(dependency, None if job is None else job.status) == "broken":
            return broken(dependency, job)
    return None
