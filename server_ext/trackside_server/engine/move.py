"""Move: a waiting job takes another place in the queue; what carries the order is the priorities."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from trackside.errors import Conflict, InvalidInput
from trackside.models import WAITING, Job
from trackside.models.fields import FIELDS
from trackside_server.domain.naming import unfinished
from trackside_server.domain.order import Place, moved
from trackside_server.domain.record import JobRecord
from trackside_server.engine.core import Core
from trackside_server.engine.folder import note_spec
from trackside_server.store import Tx

__all__ = ["move"]


async def move(core: Core, text: str, body: Mapping[str, object]) -> list[Job]:
    """Put a waiting job right before another one (``{"before": "job-42"}``), or behind all (null).

    Returns every job whose priority changed for it; ``job.json`` says the new one.
    """
    before = _read(body)
    record = await core.resolve(text, unfinished)
    other = None if before is None else await core.resolve(before, unfinished)
    changed = await core.write(lambda tx: _move(tx, record.id, None if other is None else other.id))
    core.settle(changed)
    for each in changed:
        await asyncio.to_thread(note_spec, each, core.home_id)
    return [core.wire(each) for each in changed]


def _read(body: Mapping[str, object]) -> str | None:
    unknown = [field for field in body if field != "before"]
    before = body.get("before")
    if unknown or "before" not in body or not (before is None or isinstance(before, str)):
        raise InvalidInput(
            "Where the job should stand is not said.",
            hint='Send {"before": "job-42"}, or {"before": null} for the end of the queue.',
        )
    return before


def _move(tx: Tx, job_id: str, before: str | None) -> Sequence[JobRecord]:
    waiting = {record.id: record for record in tx.active_jobs() if record.status in WAITING}
    for each in filter(None, (job_id, before)):
        if each not in waiting:
            raise Conflict(f"{each} waits no more, so it has no place in the queue.", code="not_waiting")
    if job_id == before:
        return []
    places = [Place(record.id, record.priority, record.seq) for record in waiting.values()]
    changes = moved(places, job_id, before)
    return [_with_priority(tx, waiting[each], priority) for each, priority in changes.items()]


def _with_priority(tx: Tx, record: JobRecord, priority: int) -> JobRecord:
    FIELDS["priority"](priority, "priority")
    spec = msgspec.structs.replace(record.spec, priority=priority)
    return tx.update_job(record.id, priority=priority, spec=spec)
