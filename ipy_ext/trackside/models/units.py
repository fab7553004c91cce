"""Sizes and times as people write them, to bytes and seconds, and back."""

from __future__ import annotations

import math
import re

from trackside.errors import InvalidInput

__all__ = ["format_duration", "format_size", "parse_duration", "parse_size", "shortened"]

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(?:([kmgtp])i?b?|(b)|)", re.IGNORECASE)
_SIZE_POWER = {None: 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_CLOCK = re.compile(r"(?:([0-9]+)-)?([0-9]+):([0-5][0-9])(?::([0-5][0-9]))?")
_PARTS = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?\s*(?:d|h|min|m|s)\s*)+", re.IGNORECASE)
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(d|h|min|m|s)", re.IGNORECASE)
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "min": 60.0, "s": 1.0}
_LONGEST_TEXT = 64
_LONGEST_TIME = 100 * 366 * 86400.0
"""A hundred years: a date that far away can still be written."""


def parse_size(text: str, *, field: str = "memory") -> int:
    """Return the bytes of a size such as ``"8G"``, ``"512 MiB"`` or ``"1.5g"`` (powers of 1,024)."""
    match = _SIZE.fullmatch(text.strip()) if len(text) <= _LONGEST_TEXT else None
    if match is None:
        raise InvalidInput(f"{field}: {shortened(text)} is not a size.", hint="Write it as '8G', '512M' or '1.5T'.")
    number, prefix, suffix = match.groups()
    if not prefix and not suffix:
        hint = f"Did you mean '{number}G'?" if float(number) else "Write it as '8G' or '512M'."
        raise InvalidInput(f"{field}: {text!r} has no unit.", hint=hint)
    size = float(number) * 1024 ** _SIZE_POWER[prefix and prefix.lower()]
    if size < 1 or size >= 2**63:
        raise InvalidInput(f"{field}: {text!r} is out of range.", hint="Write it as '8G' or '512M'.")
    return int(size)


def parse_duration(value: str | float, *, field: str = "time") -> float:
    """Return the seconds of ``"2h30m"``, ``"90s"``, ``"01:00:00"``, ``"1-12:00:00"`` or a number of seconds."""
    seconds = _read_duration(value) if isinstance(value, str) else value
    if seconds is None or not 0 < seconds < math.inf:
        raise InvalidInput(
            f"{field}: {shortened(value)} is not a length of time.",
            hint="Write it as '2h', '90m', '2h30m' or '01:30:00'.",
        )
    if seconds > _LONGEST_TIME:
        raise InvalidInput(f"{field}: {shortened(value)} is more than a hundred years.", hint="Leave it out.")
    return float(seconds)


def shortened(value: object) -> str:
    """Return a value as an error message can show it: its repr, cut where it is long."""
    shown = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return shown if len(shown) <= _LONGEST_TEXT + 2 else f"{shown[:_LONGEST_TEXT]}…"


def _read_duration(text: str) -> float | None:
    if len(text) > _LONGEST_TEXT:
        return None
    clock = _CLOCK.fullmatch(text.strip())
    if clock is not None:
        days, first, second, third = clock.groups()
        hours, minutes, seconds = (first, second, third) if third is not None else ("0", first, second)
        return int(days or 0) * 86400.0 + int(hours) * 3600.0 + int(minutes) * 60.0 + int(seconds)
    if _NUMBER.fullmatch(text.strip()):
        return float(text)
    if not _PARTS.fullmatch(text.strip()):
        return None
    return sum(float(number) * _SECONDS[unit.lower()] for number, unit in _PART.findall(text))


def format_size(size: float) -> str:
    """Return a size in bytes as a person reads it: ``"9.4 GB"``, ``"512 MB"``, ``"17 bytes"``."""
    if size < 1024:
        return f"{int(size)} bytes"
    for unit in ("KB", "MB", "GB", "TB"):
        size /= 1024
        if size < 1024 or unit == "TB":
            break
    return f"{size:.1f} {unit}" if size < 100 else f"{size:.0f} {unit}"


def format_duration(seconds: float) -> str:
    """Return a length of time as a person reads it: ``"0.4 s"``, ``"48 s"``, ``"12 min"``, ``"2 h 30 min"``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d {hours % 24} h"
