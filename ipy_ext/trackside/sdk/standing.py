"""How long something has been going on, as people read it off a clock."""

from __future__ import annotations

from datetime import datetime

from trackside.models import Job, RunInfo

__all__ = ["clock", "elapsed"]


def clock(seconds: float) -> str:
    """Return ``"03:12"``, ``"1:03:12"`` or ``"2 d 01:03:12"``."""
    whole = max(0, int(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} d {hour:02}:{minute:02}:{second:02}"
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute:02}:{second:02}"


def elapsed(thing: Job | RunInfo, now: datetime) -> float | None:
    """Return the seconds since a job or run started, up to its end; None while it has not started."""
    if thing.started_at is None:
        return None
    return max(0.0, ((thing.finished_at or now) - thing.started_at).total_seconds())
