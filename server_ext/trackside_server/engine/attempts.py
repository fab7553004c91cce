"""What became of attempts: looked at in their folders, written into the store; also after this server was away."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from trackside.models import Reason
from trackside_server.domain.attempt import Exit
from trackside_server.domain.lifecycle import check_transition
from trackside_server.domain.record import JobRecord
from trackside_server.engine.core import LOG, Core, utc_now
from trackside_server.engine.folder import note_status
from trackside_server.engine.index import row_of_job, with_own_words
from trackside_server.executors.base import Absent, AttemptRef, Ended, Lost, Running
from trackside_server.store import Tx

__all__ = ["close", "look", "ref_of", "start_failed"]


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
        await close(core, record, seen.record.exit, seen.record.started_at)
    elif isinstance(seen, Lost):
        await close(core, record, Exit(status="failed", reason=seen.reason, finished_at=utc_now()))
    elif isinstance(seen, Absent):
        gone = Reason("lost", "its run folder is gone; nobody knows how it ended")
        await close(core, record, Exit(status="failed", reason=gone, finished_at=utc_now()))
    elif isinstance(seen, Running):
        core.executors[record.executor].watch(ref)


async def close(
    core: Core, record: JobRecord, how: Exit, started_at: datetime | None = None, attempt: int | None = None
) -> None:
    """Write how an attempt ended; ``attempt`` is its number when the store does not count it yet."""

    def end(tx: Tx) -> JobRecord | None:
        now = tx.job(record.id)
        if now is None or now.is_terminal or now.attempt > record.attempt:
            return now
        check_transition(now.id, now.status, how.status)
        ended = tx.update_job(
            now.id,
            status=how.status,
            reason=how.reason,
            attempt=now.attempt if attempt is None else attempt,
            exit_code=how.exit_code,
            started_at=now.started_at or started_at,
            finished_at=how.finished_at,
            peak_memory=how.peak_memory,
            cancel_requested=None,
        )
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
