"""Lost is a judgement, not a fact: where the true end of an attempt appears after all, it is taken."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from trackside_server.domain.attempt import Exit
from trackside_server.domain.lifecycle import check_transition
from trackside_server.domain.record import JobRecord
from trackside_server.engine.attempts import ref_of
from trackside_server.engine.core import LOG, Core, utc_now
from trackside_server.engine.index import row_of_job, with_own_words
from trackside_server.engine.noted import note
from trackside_server.executors.base import Ended
from trackside_server.store import Reader, Tx

__all__ = ["correct_lost"]

_LOOKED_AT = 500
"""The newest failed jobs; one that was lost before those is history."""
_FOR = timedelta(days=7)


async def correct_lost(core: Core) -> None:
    """Look at the attempts that were given up as lost; a host may have come back, or its last words through."""
    for record in await core.query(_lost):
        seen = await asyncio.to_thread(core.executors[record.executor].look, ref_of(record))
        if isinstance(seen, Ended) and seen.record.exit is not None:
            await _correct(core, record, seen.record.exit)


def _lost(reader: Reader) -> list[JobRecord]:
    since = utc_now() - _FOR
    failed = reader.jobs_page(status=["failed"], limit=_LOOKED_AT).jobs
    return [one for one in failed if _is_lost(one) and one.finished_at is not None and one.finished_at > since]


def _is_lost(record: JobRecord) -> bool:
    return record.reason is not None and record.reason.code == "lost"


async def _correct(core: Core, record: JobRecord, how: Exit) -> None:
    def correct(tx: Tx) -> JobRecord | None:
        now = tx.job(record.id)
        if now is None or now.attempt != record.attempt or now.status != "failed" or not _is_lost(now):
            return None
        if how.status != now.status:
            check_transition(now.id, now.status, how.status)
        ended = tx.update_job(
            now.id,
            status=how.status,
            reason=how.reason,
            exit_code=how.exit_code,
            finished_at=how.finished_at,
            peak_memory=how.peak_memory,
        )
        tx.upsert_run(with_own_words(row_of_job(ended)))
        return ended

    ended = await core.write(correct)
    if ended is not None:
        LOG.info("%s was not lost: it is %s", ended.id, ended.status)
        core.settle([ended])
        await note(core, ended)
