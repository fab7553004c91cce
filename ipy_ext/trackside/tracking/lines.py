"""Files of one record a line: appended with one write each, on a line of its own whatever stood there before."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from trackside.tracking.atomic import encode_json

__all__ = ["append_record", "open_lines"]


def open_lines(path: Path, *, mode: int = 0o600) -> int:
    """Open a file of lines to append to, made where it is missing, and return the descriptor.

    A file without a final newline gets one first, so that a torn line costs only itself.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, mode)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            os.write(descriptor, b"\n")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def append_record(path: Path, record: Mapping[str, object]) -> None:
    """Append one record; for files that get a line now and then. Raises OSError when it could not be written whole."""
    line = encode_json(record)
    descriptor = open_lines(path)
    try:
        if os.write(descriptor, line) != len(line):
            raise OSError(f"Only a part of a record fitted into {path}.")
    finally:
        os.close(descriptor)
