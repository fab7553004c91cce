"""One sentence for where a job stands; the waiting ones by the predicates that the plan uses."""

from __future__ import annotations

from datetime import datetime

from trackside.models import FINAL, Blocker, Explanation, Reason, Status
from trackside.models.units import format_duration
from trackside_server.domain.plan import Snapshot, blockers
from trackside_server.domain.record import JobRecord
from trackside_server.domain.standing import waiting_of

__all__ = ["explain", "sentence"]


def explain(record: JobRecord, snapshot: Snapshot | None, now: datetime) -> Explanation:
    """Return why this job stands where it stands; ``snapshot`` None while it is being started."""
    found: list[Blocker] = []
    if record.status == "pending" and snapshot is not None:
        found = blockers(waiting_of(record), snapshot)
    return Explanation(record.id, record.status, sentence(record, found, now), found)


def sentence(record: JobRecord, found: list[Blocker], now: datetime) -> str:
    """Return the one sentence; ``found`` are the blockers of a waiting job."""
    if record.status in FINAL:
        return _ended(record.status, record.reason, record.started_at, record.finished_at)
    if record.cancel_requested is not None:
        return "is being cancelled"
    if record.status == "running":
        began = record.started_at or now
        return f"running for {format_duration(max(0.0, (now - began).total_seconds()))}"
    return "; ".join(blocker.message for blocker in found) or "starts now"


def _ended(status: Status, reason: Reason | None, started: datetime | None, finished: datetime | None) -> str:
    took = ""
    if started and finished:  # by two clocks, perhaps
        took = f" after {format_duration(max(0.0, (finished - started).total_seconds()))}"
    if status == "completed":
        return f"completed{took.replace('after', 'in')}"
    return f"{reason.message}{took}" if reason is not None else f"{status}{took}"
