"""The part of a log that was given back to the disk, named in words where a reader meets it. Pure."""

from __future__ import annotations

import re

from trackside.models.units import format_size

__all__ = ["gap_told", "gaps_told"]

_GAP = re.compile(rb"\0{4096,}")
"""A hole is made of whole blocks of the disk, and reads as zeros."""


def gaps_told(content: bytes) -> bytes:
    """Return a log with one line in the place of each part that is no longer kept."""
    return _GAP.sub(_told, content)


def gap_told(size: int) -> str:
    """Return the line that stands for so many bytes."""
    return f"\n… {format_size(size)} of output are not kept here: the log was longer than max_output …\n"


def _told(gap: re.Match[bytes]) -> bytes:
    return gap_told(len(gap[0])).encode()
