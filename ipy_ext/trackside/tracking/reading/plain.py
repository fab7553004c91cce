"""Reading with the standard library: records in, columns out; the rule that every faster way follows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from trackside.tracking.folder import RunFolder
from trackside.tracking.reading.kinds import Kind, as_float, kind_of
from trackside.tracking.records import in_order, read_records

__all__ = ["OWN", "Column", "PlainTable", "Records", "column_of", "moment", "placed", "plain_table", "read_plainly"]

Record = dict[str, object]
OWN = frozenset({"_idx", "_timestamp", "step"})
"""Keys of a record that are no metrics."""


class Column(NamedTuple):
    """The values of a key, None where a record has none, and what they are."""

    kind: Kind | Literal["moment"]
    values: list[object]


class PlainTable(NamedTuple):
    """Columns by their names, the axis first, and the number of torn lines."""

    columns: dict[str, Column]
    torn: int


class Records(NamedTuple):
    """The records of a run, those of several hosts by their times, and the number of torn lines."""

    records: list[Record]
    torn: int


def read_plainly(folder: RunFolder) -> Records:
    """Return every record of a run's metrics; nothing when there are none."""
    read = [read_records(path) for path in folder.metrics_files]
    return Records(in_order([each.records for each in read]), sum(each.torn for each in read))


def placed(records: Sequence[Record], x: str) -> list[object]:
    """Return where each record stands on the axis ``x``: ``step``, ``time`` or a key; None where it has no place.

    Records without a step count on: by their ``_idx``, else by their number.
    """
    if x == "time":
        return [moment(record.get("_timestamp")) for record in records]
    if x == "step":
        return [_step(record, number) for number, record in enumerate(records)]
    return [record.get(x) for record in records]


def plain_table(folder: RunFolder, keys: Sequence[str] | None, x: str) -> PlainTable:
    """Return the table of a run; a key that no record has is left out. See ``metrics_table``."""
    records, torn = read_plainly(folder)
    there = dict.fromkeys(key for record in records for key in record)
    if keys is None:
        chosen = [key for key in there if not key.startswith("_") and key not in {"step", x}]
    else:
        chosen = [key for key in keys if key != x and (key in there or not records)]
    rows = [
        (place, record)
        for place, record in zip(placed(records, x), records, strict=True)
        if place is not None and (keys is None or any(record.get(key) is not None for key in chosen))
    ]
    columns = {x: [place for place, _ in rows]} if x in {"step", "time"} or x in there or not records else {}
    for key in chosen:
        values = [record.get(key) for _, record in rows]
        columns[key] = [moment(value) for value in values] if key == "_timestamp" else values
    return PlainTable({key: column_of(key, x, values) for key, values in columns.items()}, torn)


def column_of(key: str, x: str, values: list[object]) -> Column:
    """Return the values of a key of a table over ``x``, all numbers as floats if one is."""
    if key == "_timestamp" or key == x == "time":
        return Column("moment", values)
    kind = kind_of(values)
    return Column(kind, [None if value is None else as_float(value) for value in values] if kind == "float" else values)  # type: ignore[arg-type]


def _step(record: Record, number: int) -> float:
    for found in (record.get("step"), record.get("_idx")):
        if isinstance(found, int) and not isinstance(found, bool):
            return found
        if isinstance(found, float) and math.isfinite(found):
            return found
    return number


def moment(stamp: object) -> datetime | None:
    """Return the moment that a text names, in UTC; without a zone it is UTC. None where it names none."""
    if not isinstance(stamp, str):
        return None
    try:
        found = datetime.fromisoformat(stamp)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
