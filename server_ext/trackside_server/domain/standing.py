"""Jobs as the plan sees them: what one holds, what one waits for."""

from __future__ import annotations

from datetime import datetime, timedelta

from trackside_server.domain.plan import Running, Waiting
from trackside_server.domain.record import JobRecord

__all__ = ["ends_by", "running_of", "waiting_of"]


def ends_by(record: JobRecord, now: datetime | None = None) -> datetime | None:
    """Return the latest time at which a job ends that runs (or is started ``now``); None without a time limit."""
    began = record.started_at or now
    return began + timedelta(seconds=record.spec.time) if record.spec.time and began else None


def running_of(record: JobRecord, gpus: tuple[str, ...] | None = None, now: datetime | None = None) -> Running:
    """What a job holds; ``gpus`` those chosen for it, None for those it has; ``now`` when it is being started."""
    spec = record.spec
    return Running(
        record.id,
        record.name or record.id,
        spec.cpus,
        tuple(record.gpus) if gpus is None else gpus,
        min(spec.gpus.count, 1.0),
        ends_by(record, now),
        spec.memory or 0,
        record.tags,
        spec.group or "",
    )


def waiting_of(record: JobRecord) -> Waiting:
    """Return a waiting job as the plan sees it."""
    spec = record.spec
    return Waiting(
        record.id,
        record.seq,
        record.priority,
        spec.cpus,
        spec.gpus,
        spec.gpu_memory,
        held="is being cancelled" if record.cancel_requested is not None else record.held,
        share_gpu=spec.share_gpu,
        memory=spec.memory or 0,
        time=spec.time,
        tags=record.tags,
        group=spec.group or "",
        max_parallel=spec.max_parallel or 0,
    )
