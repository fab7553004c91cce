"""CSV: one line of column names, one line per record. NaN and infinities are ``NaN``, ``inf`` and ``-inf``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from trackside.tracking.atomic import encode_json
from trackside.tracking.exporting.contents import Contents
from trackside.tracking.exporting.table import columns_of, heading, rows_of

__all__ = ["write"]

_SPECIAL = re.compile(r'[",\r\n]')
"""What makes quotes necessary. The writer of the standard library leaves a lone carriage return without them."""


def write(runs: Sequence[Contents], file: BinaryIO) -> int:
    """Write the table and return the number of its records; a value that is absent or None is an empty cell."""
    columns = columns_of(runs)
    file.write(_line(heading(runs, columns)))
    count = 0
    for row in rows_of(runs, columns):
        file.write(_line(row))
        count += 1
    return count


def _line(row: Iterable[object]) -> bytes:
    return (",".join([_cell(value) for value in row]) + "\n").encode("utf-8", "backslashreplace")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else "NaN" if value != value else "inf" if value > 0 else "-inf"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = value if isinstance(value, str) else encode_json(value).decode().strip()
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text
