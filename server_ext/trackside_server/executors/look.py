"""Where an attempt stands, judged from its record and the processes named in it."""

from __future__ import annotations

import contextlib
import time

from trackside.models import Reason
from trackside.probes.process import ProcessId, boot_id
from trackside_server.domain.attempt import AttemptRecord, parse_attempt
from trackside_server.executors.base import Absent, AttemptRef, Ended, Lost, Observation, Running, Starting

__all__ = ["look", "read_record"]

_SILENT_HERE = 120.0
"""Seconds without a heartbeat after which a template that lives does not look after this attempt."""
_SILENT_ELSEWHERE = 600.0
"""The same for another host, whose clock and file system may lag."""


def read_record(ref: AttemptRef) -> AttemptRecord | None:
    """Return the record of this attempt, None when there is none."""
    try:
        data = ref.folder.attempt(ref.attempt).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return parse_attempt(data) if data else None


def look(ref: AttemptRef) -> Observation:
    """Return where this attempt stands. Unknown is not dead: only when nobody can write the exit any more it is lost."""
    record = read_record(ref)
    if record is None:
        return Absent()
    if record.exit is not None:
        return Ended(record)
    reason = _why_lost(record, _silence(ref))
    if reason is None:
        return Running(record) if record.process is not None else Starting(record)
    again = read_record(ref)  # the exit may have been written while we asked for the processes
    if again is not None and again.exit is not None:
        return Ended(again)
    return Lost(record, reason)


def _why_lost(record: AttemptRecord, silence: float) -> Reason | None:
    """Return why nobody will say how this attempt ended, None while somebody may."""
    runner = record.runner
    if not runner.is_local:
        if silence < _SILENT_ELSEWHERE:
            return None
        return Reason("lost", f"nothing was heard of its runner on {runner.host} for 10 minutes")
    if runner.boot_id != boot_id():
        return Reason("machine_restarted", f"{runner.host} was restarted while it ran")
    if _lives(runner) or _lives(record.process):
        return None
    if _lives(record.template) and silence < _SILENT_HERE:
        return None
    return Reason("lost", "its runner was killed, and nobody saw how it ended")


def _lives(process: ProcessId | None) -> bool:
    return process is not None and process.is_alive()


def _silence(ref: AttemptRef) -> float:
    """Return the seconds since the last sign of life: a heartbeat, or the record, which is there before the first."""
    last = 0.0
    for path in (ref.folder.alive(ref.attempt), ref.folder.attempt(ref.attempt)):
        with contextlib.suppress(OSError):
            last = max(last, path.stat().st_mtime)
    return time.time() - last
