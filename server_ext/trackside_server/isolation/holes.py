"""Gives the middle of a file back to the disk, on file systems that can do it."""

from __future__ import annotations

import os
from pathlib import Path

from trackside.tracking.blocks import KEEP_SIZE, PUNCH_HOLE, fallocate

__all__ = ["can_punch", "given_back", "punch_hole"]

_PROBE_SIZE = 64 * 1024


def punch_hole(descriptor: int, start: int, length: int) -> bool:
    """Give the blocks of this part of an open file back; its size and all offsets stay. False where that is impossible."""
    return fallocate(descriptor, KEEP_SIZE | PUNCH_HOLE, start, length) == 0


def can_punch(folder: Path) -> bool:
    """Whether files in this folder can be given holes; tried with a small one."""
    try:
        import tempfile  # here, since runners need the rest of this module and not the megabyte that it loads

        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x" * _PROBE_SIZE)
            file.flush()
            before = os.fstat(file.fileno()).st_blocks
            return punch_hole(file.fileno(), 4096, _PROBE_SIZE - 8192) and os.fstat(file.fileno()).st_blocks < before
    except OSError:
        return False


def given_back(descriptor: int) -> tuple[int, int] | None:
    """Return start and end of the first part of an open file that was given back, None when all of it is there.

    For whoever shows the file: what lies between reads as zeros.
    """
    size = os.fstat(descriptor).st_size
    try:
        start = os.lseek(descriptor, 0, os.SEEK_HOLE)
        return (start, os.lseek(descriptor, start, os.SEEK_DATA)) if start < size else None
    except OSError:  # nothing but zeros from there on, or a file system that cannot tell
        return None
