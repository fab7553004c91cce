"""What of files was read: by calls of this process, and by whoever mapped them, as pages in the cache."""

from __future__ import annotations

import ctypes
import mmap
import os
from pathlib import Path

__all__ = ["cached", "forget", "read_here"]

_libc = ctypes.CDLL(None, use_errno=True)


def forget(file: Path) -> None:
    """Let the cache drop the pages of a file, which nobody may have mapped."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def cached(file: Path) -> int:
    """Return how many bytes of a file the cache holds; asking reads none."""
    size = file.stat().st_size
    if not size:
        return 0
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), size, access=mmap.ACCESS_COPY) as mapped:
        pages = (ctypes.c_ubyte * -(-size // mmap.PAGESIZE))()
        here = ctypes.c_char.from_buffer(mapped)
        failed = _libc.mincore(ctypes.c_void_p(ctypes.addressof(here)), ctypes.c_size_t(size), pages)
        del here
        if failed:
            raise OSError(ctypes.get_errno(), "mincore")
    return sum(page & 1 for page in pages) * mmap.PAGESIZE


def read_here() -> int:
    """Return the bytes that this process has read by calls, from the cache too."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["rchar"])
