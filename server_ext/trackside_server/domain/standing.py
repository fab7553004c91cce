"""Jobs as the plan sees them: what one holds, what one waits for."""

from __future__ import annotations

from datetime import timedelta

from trackside_server.domain.plan import Running, Waiting
from trackside_server.domain.record import JobRecord

__all__ = ["running_of", "waiting_of"]


def running_of(record: JobRecord, gpus: tuple[str, ...] | None = None) -> Running:
    """What a job holds; ``gpus`` those chosen for it, None for those it has."""
    spec = record.spec
    ends_by = record.started_at + timedelta(seconds=spec.time) if spec.time and record.started_at else None
    return Running(
        record.id,
        record.name or record.id,
        spec.cpus,
        tuple(record.gpus) if gpus is None else gpus,
        min(spec.gpus.count, 1.0),
        ends_by,
    )


def waiting_of(record: JobRecord) -> Waiting:
    """Return a waiting job as the plan sees it."""
    spec = record.spec
    held = "is being cancelled" if record.cancel_requested is not None else ""
    return Waiting(record.id, record.seq, record.priority, spec.cpus, spec.gpus, spec.gpu_memory, held)
