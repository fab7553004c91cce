"""The part of a file that a request asks for (``Range``, RFC 9110, one range)."""

from __future__ import annotations

import re

__all__ = ["part_of"]


def part_of(asked: str, size: int) -> range | None:
    """Return the bytes that a ``Range`` header asks for; None for the whole file, empty when the file is too short for it."""
    match = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", asked.strip())
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return range(min(int(first), size), min(size, int(last) + 1) if last else size)
