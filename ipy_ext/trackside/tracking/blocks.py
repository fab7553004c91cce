"""Asks the file system about the blocks of an open file: room set aside, a part given back."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["KEEP_SIZE", "PUNCH_HOLE", "fallocate"]

KEEP_SIZE = 0x01
PUNCH_HOLE = 0x02


def fallocate(descriptor: int, mode: int, start: int, length: int) -> int | None:
    """Call Linux's ``fallocate(2)``; return 0 or the error's number, None where there is no such call."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    call = getattr(libc, "fallocate64", libc.fallocate)
    arguments = (ctypes.c_int(mode), ctypes.c_int64(start), ctypes.c_int64(length))
    return ctypes.get_errno() if call(ctypes.c_int(descriptor), *arguments) else 0
