"""Cancel: a waiting job ends at once, a running one is asked to stop; repeated, it changes nothing."""

from __future__ import annotations

from trackside.errors import Conflict
from trackside.models import WAITING, Job, Reason
from trackside_server.domain.naming import unfinished
from trackside_server.domain.record import JobRecord
from trackside_server.engine import attempts
from trackside_server.engine.core import Core, utc_now
from trackside_server.engine.index import row_of_job
from trackside_server.engine.noted import note
from trackside_server.store import Tx

__all__ = ["BY_USER", "cancel", "cancel_waiting"]

BY_USER = Reason("cancelled_by_user", "cancelled")


async def cancel(core: Core, text: str) -> Job:
    """Ask for the end of a job; the answer says how far that is."""
    record = await core.resolve(text, unfinished)
    if record.is_terminal:
        raise Conflict(f"{record.id} is {record.status} already; there is nothing to cancel.", code="already_ended")
    record = await core.write(lambda tx: _ask(tx, record.id))
    core.settle([record])
    if core.schedules and not record.is_terminal:
        if record.status != "running" and not core.board.is_starting(record.id):
            record = await cancel_waiting(core, record.id)
        if record.status == "running" or core.board.is_starting(record.id):
            core.cancel_soon(record)
    return core.wire(record)


async def cancel_waiting(core: Core, job_id: str) -> JobRecord:
    """End a job that never started; only the server that schedules may do this. One that waits no more stays as it is.

    So does one that runs although nobody wrote that down: it is found out here, and has to be stopped.
    """
    known = core.board.get(job_id)
    if known is not None and known.status == "pending":
        await attempts.adopt_unnoticed(core, known)
    record = await core.write(lambda tx: _end_waiting(tx, job_id))
    core.settle([record])
    if record.is_terminal:
        await note(core, record)
    return record


def _ask(tx: Tx, job_id: str) -> JobRecord:
    record = tx.job(job_id)
    if record is None or record.is_terminal:
        raise Conflict(f"{job_id} ended meanwhile.", code="already_ended")
    return tx.update_job(job_id, cancel_requested=record.cancel_requested or BY_USER)


def _end_waiting(tx: Tx, job_id: str) -> JobRecord:
    record = tx.job(job_id)
    if record is None:
        raise Conflict(f"{job_id} was deleted meanwhile.")
    if record.status not in WAITING:
        return record
    reason = record.cancel_requested or BY_USER
    tx.take_secrets(job_id)
    ended = tx.update_job(
        job_id,
        status="cancelled",
        reason=reason,
        finished_at=utc_now(),
        cancel_requested=None,
        not_before=None,
        last_end=None,
    )
    tx.upsert_run(row_of_job(ended))
    return ended
