"""Keeps ``output.log`` within its bound: past it, the middle is given back to the disk."""

from __future__ import annotations

import os

from trackside_server.isolation.holes import punch_hole

__all__ = ["hole_in", "trim"]

_BLOCK = 4096


def hole_in(size: int, bound: int) -> tuple[int, int] | None:
    """Return start and end of the part to give back of a file of this size.

    A quarter of the bound stays at the beginning and half of it at the end, so that the next hole is due only after
    another quarter was written. None when there is no whole block to give back.
    """
    start = -(-(bound // 4) // _BLOCK) * _BLOCK
    end = (size - bound // 2) // _BLOCK * _BLOCK
    return (start, end) if end > start else None


def trim(path: str | os.PathLike[str], bound: int) -> bool:
    """Give the middle back if the file takes more disk than ``bound``; False when the file system cannot do it."""
    try:
        found = os.stat(path)
    except OSError:
        return True
    if found.st_blocks * 512 <= bound:
        return True
    hole = hole_in(found.st_size, bound)
    if hole is None:
        return True
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        return punch_hole(descriptor, hole[0], hole[1] - hole[0])
    finally:
        os.close(descriptor)
