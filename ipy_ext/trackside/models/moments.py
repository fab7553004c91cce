"""Moments as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from trackside.errors import InvalidInput
from trackside.models.units import parse_duration, shortened

__all__ = ["parse_moment"]

_HINT = "Write '18:30', 'tomorrow 06:00', '+2h' or '2026-11-22 18:30'."
_CLOCK = re.compile(r"(?:(today|tomorrow)\s+)?([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?", re.IGNORECASE)
_LONGEST_TEXT = 64
_FARTHEST = timedelta(days=366 * 100)
"""Farther off lie moments that no clock of another zone can show."""


def parse_moment(text: str, now: datetime, *, field: str = "at") -> datetime:
    """Return the moment, in UTC, that ``"18:30"``, ``"tomorrow 06:00"``, ``"+2h"`` or an ISO date and time means.

    ``now`` is aware. A time of day alone is the next such time; without an offset it is in the machine's own zone.
    """
    moment = _read(text.strip(), now, field) if len(text) <= _LONGEST_TEXT else None
    if moment is None:
        raise InvalidInput(f"{field}: {shortened(text)} is not a time.", hint=_HINT)
    if abs(moment - now) > _FARTHEST:
        raise InvalidInput(f"{field}: {shortened(text)} is more than a hundred years off.", hint=_HINT)
    return moment


def _read(text: str, now: datetime, field: str) -> datetime | None:
    if text.startswith("+"):
        return now.astimezone(UTC) + timedelta(seconds=parse_duration(text[1:].strip(), field=field))
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        return _time_of_day(clock, now)
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _time_of_day(clock: re.Match[str], now: datetime) -> datetime:
    day, hour, minute, second = clock.groups()
    here = now.astimezone().replace(tzinfo=None)
    moment = here.replace(hour=int(hour), minute=int(minute), second=int(second or 0), microsecond=0)
    if (day or "").lower() == "tomorrow" or (day is None and moment <= here):
        moment += timedelta(days=1)
    return moment.astimezone(UTC)
