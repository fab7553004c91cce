"""Where template and runners complain: a file on a disk that may be full, and no complaint is worth a job."""

from __future__ import annotations

import contextlib
import io
import os
import sys

__all__ = ["complain_safely"]


class _Complaints(io.TextIOBase):
    """Writes what fits."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            os.write(2, text.encode("utf-8", "replace"))
        return len(text)


def complain_safely() -> None:
    """Have nothing raised by what is written to stderr."""
    sys.stderr = _Complaints()
