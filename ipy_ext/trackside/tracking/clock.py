"""The time as it stands in all our files."""

from __future__ import annotations

import time
from datetime import UTC, datetime

__all__ = ["moment", "timestamp"]


def timestamp(seconds: float | None = None) -> str:
    """Return this time (default: now) in UTC as ``2026-11-22T09:30:00.123456Z``."""
    nanoseconds = time.time_ns() if seconds is None else round(seconds * 1e6) * 1000
    whole, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{rest // 1000:06d}Z"


def moment(text: object) -> float | None:
    """Return seconds since 1970 for an ISO time, in UTC where it names no zone; None for what is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
