"""A table as Parquet, else as CSV; its first rows stand in the record, so that a panel needs no Parquet reader."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

from trackside.tracking.media.content import Content, within
from trackside.tracking.media.frames import Frame, frame_of
from trackside.tracking.values import spell_floats

__all__ = ["table"]

_LARGEST = 256 << 20
_HEAD_ROWS = 20
_HEAD_COLUMNS = 50
_HEAD_SIZE = 16 << 10
"""Bytes of the first rows, at most, in the record: a table is logged again and again."""
_CELL = 120
_SMALLER = "Log a part of it, such as frame.head(100_000), or keep the file with save_artifact."


def table(key: str, value: Any) -> Content:
    """Return a table as it is kept.

    Taken are frames of pandas (with their index, unless that is row numbers) and polars, tables of pyarrow, a list of
    dicts, and a dict of columns. Where nothing can write Parquet, and for what Parquet cannot hold, it is CSV, with a
    word. Raises NotLoggable for anything else, and above 256 MB.
    """
    frame = frame_of(key, value)
    facts = {
        "rows": frame.size,
        "columns": len(frame.names),
        "names": frame.names[:_HEAD_COLUMNS],
        "head": _head(frame),
    }
    try:
        data = frame.parquet()
        return Content("table", "parquet", within(key, data, _LARGEST, _SMALLER), facts)
    except ImportError:
        warning = f"{key!r}: tables are kept as CSV; for Parquet: pip install polars."
    except Exception as error:
        if isinstance(error, MemoryError):
            raise
        first = str(error).partition("\n")[0]
        warning = f"{key!r}: kept as CSV, since Parquet cannot hold it: {first[:200]}"
    return Content("table", "csv", within(key, _csv(frame), _LARGEST, _SMALLER), facts, warning)


def _csv(frame: Frame) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(frame.names)
    writer.writerows(frame.rows(frame.size))
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def _head(frame: Frame) -> list[list[object]]:
    """Return the first rows as JSON can carry them, as many as fit."""
    head: list[list[object]] = []
    room = _HEAD_SIZE
    for row in frame.rows(_HEAD_ROWS):
        cells = [_cell(value) for value in row[:_HEAD_COLUMNS]]
        room -= len(json.dumps(spell_floats(cells)))
        if room < 0:
            break
        head.append(cells)
    return head


def _cell(value: object) -> object:
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():
        value = item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(spell_floats(value))
    text = str(value)
    return text if len(text) <= _CELL else f"{text[: _CELL - 1]}…"
