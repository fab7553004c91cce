"""Where the lines of a growing file can be cut into blocks, and the bytes of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["BLOCK", "Block", "blocks", "read_block", "whole_lines"]

BLOCK = 4 << 20
"""Bytes: the fastest size, since a block and its columns stay in the cache of a processor."""
_NEAR = 1 << 16

Block = tuple[int, int]
"""Where a block begins and ends: the start of a line and the byte after a newline."""


def blocks(path: Path, start: int = 0, size: int | None = None) -> Iterator[Block]:
    """Yield blocks of whole lines from byte ``start`` on, about ``size`` bytes each (default: the fastest size).

    Only their ends are read.

    Nothing comes from a file that is missing. A last line without its newline is left for the next time.
    """
    size = size or BLOCK
    try:
        file = path.open("rb", buffering=0)
    except (FileNotFoundError, NotADirectoryError):
        return
    with file:
        descriptor = file.fileno()
        last = os.fstat(descriptor).st_size
        while start < last:
            end = _last_newline(descriptor, start, min(start + size, last)) or _next_newline(
                descriptor, start + size, last
            )
            if not end:
                return
            yield start, end
            start = end


def _last_newline(descriptor: int, start: int, end: int) -> int:
    """The byte after the last newline before ``end``, 0 if there is none from ``start`` on."""
    while end > start:
        near = max(start, end - _NEAR)
        found = os.pread(descriptor, end - near, near).rfind(b"\n")
        if found >= 0:
            return near + found + 1
        end = near
    return 0


def _next_newline(descriptor: int, start: int, end: int) -> int:
    while start < end:
        piece = os.pread(descriptor, min(_NEAR, end - start), start)
        found = piece.find(b"\n")
        if found >= 0:
            return start + found + 1
        if not piece:
            return 0
        start += len(piece)
    return 0


def read_block(path: Path, block: Block) -> bytes:
    """Return the bytes of a block; fewer when the file was cut meanwhile."""
    start, end = block
    with path.open("rb", buffering=0) as file:
        data = os.pread(file.fileno(), end - start, start)
        while len(data) < end - start:  # one call gives at most what the system likes
            more = os.pread(file.fileno(), end - start - len(data), start + len(data))
            if not more:
                break
            data += more
    return data


def whole_lines(path: Path, start: int = 0, size: int | None = None) -> Iterator[tuple[bytes, int]]:
    """Yield the lines of each block, with the position after them."""
    for block in blocks(path, start, size):
        yield read_block(path, block), block[1]
