"""Whether a job whose attempt ended is started again by itself, and when.

``retries`` are for ends that the job itself made: an exit code, an exception, a signal, more memory than it may have, a
start that failed. Not for those that would come the same way again or may not have come at all: a time limit that was
reached, a job that was cancelled, one that was lost. ``requeue`` is for a restart of the machine; it is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from trackside.models import Reason, Status
from trackside.models.units import format_duration
from trackside_server.domain.attempt import Exit
from trackside_server.domain.record import JobRecord

__all__ = ["PAUSE", "Again", "again", "keeps_secrets", "retry_sentence"]

PAUSE = 10.0
"""Seconds before the first retry; each further one waits twice as long."""
_LONGEST_PAUSE = 600.0
_OWN_ENDS = frozenset({"exit_code", "exception", "signal", "out_of_memory", "start_failed"})


@dataclass(frozen=True, slots=True)
class Again:
    """The next attempt: ``not_before`` None when it may start at once."""

    status: Status
    retried: int
    not_before: datetime | None
    because: Reason


def again(record: JobRecord, how: Exit, now: datetime, pause: float = PAUSE) -> Again | None:
    """Return the next attempt of a job whose attempt ended like this, None when the job is over."""
    if how.status != "failed" or how.reason is None or record.cancel_requested is not None:
        return None
    if how.reason.code == "machine_restarted" and record.spec.requeue:
        return Again("pending", record.retried, None, how.reason)
    if how.reason.code not in _OWN_ENDS or record.retried >= record.spec.retries:
        return None
    seconds = min(pause * 2.0 ** min(record.retried, 32), _LONGEST_PAUSE)
    return Again("scheduled", record.retried + 1, now + timedelta(seconds=seconds), how.reason)


def keeps_secrets(record: JobRecord) -> bool:
    """Whether an attempt that begins may be followed by another without anybody there to give the secrets again."""
    return record.retried < record.spec.retries or record.spec.requeue


def retry_sentence(record: JobRecord, now: datetime) -> str:
    """Return which attempt comes next, when, and why; empty for a job that did not fail before."""
    because = record.last_end
    if because is None:
        return ""
    if because.code == "machine_restarted":
        return f"queued again: {because.message}"
    soon = ""
    if record.status == "scheduled" and record.not_before is not None:
        soon = f" in {format_duration(max(0.0, (record.not_before - now).total_seconds()))}"
    return f"attempt {record.retried + 1} of {record.spec.retries + 1}{soon}: {because.message}"
