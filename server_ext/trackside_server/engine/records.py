"""Pieces of growing files: bytes of a log, whole records of a file of lines."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from trackside.errors import InvalidInput
from trackside.models import MediaRecord
from trackside.tracking.values import spell_floats
from trackside_server.isolation.holes import given_back

__all__ = ["MOST", "as_media", "as_record", "check_position", "gap_within", "read_bytes", "size_of"]

_ZEROS = bytes(512)
"""What was given back reads as zeros; whole blocks of the disk, of which one may have been read in part."""
_media = msgspec.json.Decoder(MediaRecord)
MOST = 2**62
"""No file is that long; what is asked for beyond it cannot be told to the operating system."""


def check_position(field: str, position: int | None) -> None:
    """Raise ``InvalidInput`` for what can be no position in a file and no id of an event."""
    if position is not None and not 0 <= position < MOST:
        raise InvalidInput(f"{field}: {position} is not a position.", hint="Positions count from 0.")


def size_of(path: Path) -> int:
    """Return the size of a file, 0 when there is none (yet)."""
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def read_bytes(path: Path, offset: int, limit: int) -> bytes:
    """Return at most ``limit`` bytes from ``offset`` on, nothing when there is no file (yet)."""
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(offset)
            return file.read(limit) or b""
    except (FileNotFoundError, NotADirectoryError):
        return b""


def gap_within(path: Path, data: bytes, position: int) -> tuple[int, int] | None:
    """Return start and end of the part of a log that was given back, if these bytes, read at ``position``, touch it."""
    if _ZEROS not in data:
        return None
    try:
        with path.open("rb", buffering=0) as file:
            gap = given_back(file.fileno())
    except OSError:
        return None
    return gap if gap is not None and gap[0] < position + len(data) and position < gap[1] else None


def as_media(line: bytes) -> MediaRecord | None:
    """Return a line of ``media.jsonl``; None for one that is torn, or of a kind that is not known yet."""
    try:
        return _media.decode(line)
    except (ValueError, RecursionError):
        return None


def as_record(line: bytes) -> msgspec.Raw | None:
    """Return a line as JSON that every reader takes, None for one that is blank or torn.

    NaN and infinities that other programs wrote bare become strings.
    """
    line = line.strip()
    if not line.startswith(b"{"):
        return None
    try:
        line.decode()
        return msgspec.json.decode(line, type=msgspec.Raw)
    except (ValueError, RecursionError):
        pass
    try:
        found = json.loads(line)
        return msgspec.Raw(msgspec.json.encode(spell_floats(found))) if isinstance(found, dict) else None
    except (ValueError, RecursionError):
        return None
