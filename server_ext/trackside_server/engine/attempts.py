"""What became of attempts: looked at in their folders, written into the store; also after this server was away."""

from __future__ import annotations

import asyncio
from pathlib import Path

from trackside.models import Reason
from trackside_server.domain.attempt import AttemptRecord, Exit
from trackside_server.domain.lifecycle import check_transition
from trackside_server.domain.record import JobChanges, JobRecord
from trackside_server.engine.core import LOG, Core, utc_now
from trackside_server.engine.folder import note_status
from trackside_server.engine.index import row_of_job, with_own_words
from trackside_server.executors.base import Absent, AttemptRef, Ended, Lost, Running
from trackside_server.store import Tx

__all__ = ["begin", "close", "close_at_once", "look", "ref_of", "start_failed"]


def ref_of(record: JobRecord, attempt: int | None = None) -> AttemptRef:
    """Return the attempt of a job (default: its last)."""
    return AttemptRef(record.id, Path(record.run_dir), record.attempt if attempt is None else attempt)


def start_failed(reason: Reason) -> Exit:
    """Return the end of an attempt that never began."""
    return Exit(status="failed", reason=reason, finished_at=utc_now())


async def look(core: Core, ref: AttemptRef) -> None:
    """Look at an attempt in its folder; close it when it is over."""
    record = core.board.get(ref.job_id)
    if record is None or record.status != "running" or record.attempt != ref.attempt:
        return
    seen = core.executors[record.executor].look(ref)
    if isinstance(seen, Ended):
        assert seen.record.exit is not None
        begun = None if record.started_at else JobChanges(started_at=seen.record.started_at)
        await close(core, record, seen.record.exit, begun=begun)
    elif isinstance(seen, Lost):
        await close(core, record, Exit(status="failed", reason=seen.reason, finished_at=utc_now()))
    elif isinstance(seen, Absent):
        gone = Reason("lost", "its run folder is gone; nobody knows how it ended")
        await close(core, record, Exit(status="failed", reason=gone, finished_at=utc_now()))
    elif isinstance(seen, Running):
        core.executors[record.executor].watch(ref)


async def begin(core: Core, record: JobRecord, ref: AttemptRef, begun: AttemptRecord) -> None:
    """Write that an attempt runs."""

    def run(tx: Tx) -> JobRecord:
        forget_secrets(core, tx, record)
        changes = _facts(record, ref, begun)
        changes["status"] = "running"
        running = tx.update_job(record.id, **changes)
        tx.upsert_run(row_of_job(running))
        return running

    core.settle([await core.write(run)])


async def close_at_once(core: Core, ref: AttemptRef) -> bool:
    """Write how an attempt ended of which nothing is written yet; False when it has not ended."""
    record = core.board.get(ref.job_id)
    if record is None or record.status != "pending":
        return False
    seen = core.executors[record.executor].look(ref)
    if not isinstance(seen, Ended) or seen.record.exit is None:
        return False
    await close(core, record, seen.record.exit, begun=_facts(record, ref, seen.record))
    return True


def _facts(record: JobRecord, ref: AttemptRef, begun: AttemptRecord) -> JobChanges:
    return JobChanges(
        started_at=begun.started_at or utc_now(),
        attempt=ref.attempt,
        gpus=tuple(begun.gpus),
        limits=tuple(begun.limits) or record.limits,
    )


def forget_secrets(core: Core, tx: Tx, record: JobRecord) -> None:
    """Secrets are erased once taken; the carried environment stays, sealed, for a retry."""
    if not record.spec.secrets:
        return
    sealed = tx.take_secrets(record.id)
    if sealed is not None:
        tx.keep_secrets(record.id, core.vault.seal(core.vault.open(sealed).environment, {}))


async def close(core: Core, record: JobRecord, how: Exit, *, begun: JobChanges | None = None) -> None:
    """Write how an attempt ended; ``begun`` are the facts of its beginning that the store does not have yet."""

    def end(tx: Tx) -> JobRecord | None:
        now = tx.job(record.id)
        if now is None or now.is_terminal or now.attempt > record.attempt:
            return now
        check_transition(now.id, now.status, how.status)
        if begun is not None:
            forget_secrets(core, tx, record)
        changes = JobChanges(
            status=how.status,
            reason=how.reason,
            exit_code=how.exit_code,
            finished_at=how.finished_at,
            peak_memory=how.peak_memory,
            cancel_requested=None,
        )
        changes.update(begun or {})
        ended = tx.update_job(now.id, **changes)
        tx.upsert_run(with_own_words(row_of_job(ended)))
        return ended

    ended = await core.write(end)
    if ended is None:
        core.board.drop(record.id)
        return
    LOG.debug("%s is %s", ended.id, ended.status)
    core.settle([ended])
    if ended.is_terminal:
        await asyncio.to_thread(note_status, ended)
