"""What became of attempts: looked at in their folders, written into the store; also after this server was away."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

import msgspec

from trackside.errors import Conflict
from trackside.models import Reason
from trackside_server.domain.again import Again, again, keeps_secrets
from trackside_server.domain.attempt import AttemptRecord, Exit
from trackside_server.domain.lifecycle import check_transition
from trackside_server.domain.record import JobChanges, JobRecord
from trackside_server.engine.core import LOG, Core, utc_now
from trackside_server.engine.index import row_of_job, with_own_words
from trackside_server.engine.insist import insist
from trackside_server.engine.masking import keep_places
from trackside_server.engine.noted import note
from trackside_server.executors.base import Absent, AttemptRef, Ended, Executor, Lost, Observation, Running, Starting
from trackside_server.store import Tx

__all__ = ["adopt_unnoticed", "begin", "close", "close_at_once", "look", "ref_of", "start_failed"]

_STARTS_WITHIN, _LOOK_AGAIN = 3.0, 0.02
"""Seconds after which a runner has started its attempt or given it back, and between two looks."""


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
        if seen.record.runner.is_local:
            await asyncio.to_thread(core.executors[record.executor].end_rest, ref)
        await close(core, record, Exit(status="failed", reason=seen.reason, finished_at=utc_now()))
    elif isinstance(seen, Absent):
        gone = Reason("lost", "its run folder is gone; nobody knows how it ended")
        await close(core, record, Exit(status="failed", reason=gone, finished_at=utc_now()))
    elif isinstance(seen, (Running, Starting)):
        if record.spec.secrets and isinstance(seen, Running):
            core.masks.of(ref, record.spec.secrets)
        core.executors[record.executor].watch(ref)


async def begin(core: Core, record: JobRecord, ref: AttemptRef, begun: AttemptRecord) -> None:
    """Write that an attempt runs."""

    def run(tx: Tx) -> JobRecord:
        if not keeps_secrets(record):
            forget_secrets(core, tx, record)
        changes = _facts(record, ref, begun)
        changes["status"] = "running"
        running = tx.update_job(record.id, **changes)
        tx.upsert_run(row_of_job(running))
        return running

    core.settle([await core.write(run)])


async def adopt_unnoticed(core: Core, record: JobRecord) -> bool:
    """Take a waiting job whose next attempt began already: the last server died before it could write that down, or did
    not hear of it in time. Whether it is such a job.
    """
    ref = ref_of(record, record.attempt + 1)
    seen = await _look_patiently(core.executors[record.executor], ref)
    if isinstance(seen, Absent):
        return False
    await begin(core, record, ref, seen.record)
    await look(core, ref)
    return True


async def _look_patiently(executor: Executor, ref: AttemptRef) -> Observation:
    """Look at an attempt; one whose runner is about to start it may still be given back in the next moment."""
    seen = executor.look(ref)
    patience = time.monotonic() + _STARTS_WITHIN
    while isinstance(seen, Starting) and time.monotonic() < patience:
        await asyncio.sleep(_LOOK_AGAIN)
        seen = executor.look(ref)
    return seen


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
        cost_per_hour=begun.cost_per_hour,
        not_before=None,
        last_end=None,
    )


def forget_secrets(core: Core, tx: Tx, record: JobRecord) -> None:
    """Secrets are erased once taken; the carried environment stays, sealed, for a retry.

    A job that may be started again by itself keeps them until its last attempt is over. What cannot be opened any more
    is of no use to a retry either.
    """
    if not record.spec.secrets:
        return
    sealed = tx.take_secrets(record.id)
    if sealed is None:
        return
    with contextlib.suppress(Conflict):
        tx.keep_secrets(record.id, core.vault.seal(core.vault.open(sealed).environment, {}))


async def close(core: Core, record: JobRecord, how: Exit, *, begun: JobChanges | None = None) -> None:
    """Write how an attempt ended, or that the job is started again by itself: it is never final in between.

    ``begun`` are the facts of its beginning that the store does not have yet.
    """

    def end(tx: Tx) -> JobRecord | None:
        now = tx.job(record.id)
        if now is None or now.is_terminal or _is_closed(now, record):
            return now
        following = again(now, how, utc_now(), core.settings.retry_pause)
        last = _ending(how) if following is None else _going_on(following)
        check_transition(now.id, now.status, last["status"])
        if following is None:
            forget_secrets(core, tx, record)
        changes = JobChanges()
        changes.update(begun or {})
        gpu_hours, cost = msgspec.structs.replace(now, **changes).charged(how.finished_at)
        changes.update(last)
        changes["gpu_hours"], changes["cost"] = gpu_hours, cost
        ended = tx.update_job(now, **changes)
        tx.upsert_run(with_own_words(row_of_job(ended)))
        return ended

    ended = await insist(core, end)
    if record.spec.secrets:
        ref = ref_of(record, (begun or {}).get("attempt"))
        await asyncio.to_thread(keep_places, core.masks, ref, record.spec.secrets)
    if ended is None:
        core.board.drop(record.id)
        return
    LOG.debug("%s is %s", ended.id, ended.status)
    core.settle([ended])
    if ended.status != "running":
        await note(core, ended)


def _is_closed(now: JobRecord, record: JobRecord) -> bool:
    """Whether the store has the end of this attempt already, and the job goes on with the next."""
    if now.attempt > record.attempt or now.retried != record.retried:
        return True
    return record.status == "running" and now.status != "running"


def _ending(how: Exit) -> JobChanges:
    return JobChanges(
        status=how.status,
        reason=how.reason,
        exit_code=how.exit_code,
        finished_at=how.finished_at,
        peak_memory=how.peak_memory,
        cancel_requested=None,
        not_before=None,
        last_end=None,
    )


def _going_on(following: Again) -> JobChanges:
    return JobChanges(
        status=following.status,
        retried=following.retried,
        not_before=following.not_before,
        last_end=following.because,
        started_at=None,
        gpus=(),
    )
