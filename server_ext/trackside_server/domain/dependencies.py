"""Jobs that wait for other jobs: whether a condition is met, may still be, or can no longer be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from trackside.models import FINAL, Dependency, Reason, Status
from trackside_server.domain.record import JobRecord
from trackside_server.domain.standing import ends_by

__all__ = ["Awaited", "Verdict", "awaited", "broken", "judge", "waits_for"]

Verdict = Literal["met", "open", "broken"]
_MET: dict[str, frozenset[Status]] = {
    "ok": frozenset({"completed"}),
    "any": FINAL,
    "failed": frozenset({"failed"}),
}
_UNTIL = {"ok": "to complete", "any": "to end", "failed": "to fail"}


@dataclass(frozen=True, slots=True)
class Awaited:
    """What those who wait for a job must know of it."""

    label: str
    status: Status
    reason: Reason | None = None
    ends_by: datetime | None = None


def awaited(record: JobRecord) -> Awaited:
    """Return what those who wait for this job must know of it."""
    label = f"{record.name} ({record.id})" if record.name else record.id
    return Awaited(label, record.status, record.reason, ends_by(record) if record.status == "running" else None)


def judge(dependency: Dependency, status: Status | None) -> Verdict:
    """Return where a dependency stands by the status of the job, None when that was deleted."""
    if status is None:
        return "broken"
    if status not in FINAL:
        return "open"
    return "met" if status in _MET[dependency.condition] else "broken"


def waits_for(dependency: Dependency, job: Awaited | None) -> str:
    """Return the sentence of a dependency that is not met yet; ``job`` is None while nothing is known of it."""
    if job is None:
        return f"waits for {dependency.job} {_UNTIL[dependency.condition]}"
    until = f", until {job.ends_by.astimezone():%H:%M} at the latest" if job.ends_by else ""
    return f"waits for {job.label} {_UNTIL[dependency.condition]}; it is {job.status}{until}"


def broken(dependency: Dependency, job: Awaited | None) -> Reason:
    """Return why a job can no longer start whose dependency is broken."""
    if job is None:
        said = f"{dependency.job}, which it waited for, was deleted"
    elif job.status == "completed":
        said = f"{job.label} completed, and it waited for its failure"
    elif job.status == "cancelled":
        said = f"{job.label}, which it waited for, was cancelled"
    else:
        how = f": {job.reason.message}" if job.reason is not None else ""
        said = f"{job.label}, which it waited for, failed{how}"
    return Reason("dependency_failed", said)
