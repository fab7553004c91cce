"""A run's table as a polars frame: the axis, the rows that have a place on it, and the way to pandas."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from trackside.tracking.folder import RunFolder
from trackside.tracking.reading.columns import Columns, read_columns
from trackside.tracking.reading.moments import MOMENT
from trackside.tracking.reading.plain import PlainTable
from trackside.tracking.values import spell_floats

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["has_steps", "in_pandas", "of_plain", "places", "read_frame", "typed"]


def read_frame(folder: RunFolder, keys: Sequence[str] | None, x: str) -> tuple[pl.DataFrame, int]:
    """Return the table of a run and its number of torn lines; a key that no record has is left out. Raises Mixed."""
    frame, torn = _read(folder, keys, x)
    if keys is None:
        chosen = [key for key in frame.columns if not key.startswith("_") and key not in {"step", x}]
    else:
        chosen = [key for key in keys if key != x and (key in frame.columns or not frame.height)]
    if not frame.height:
        return pl.DataFrame(schema={name: MOMENT if name in {"time", "_timestamp"} else pl.Float64 for name in (x, *chosen)}), torn  # fmt: skip
    axis = places(frame, x)
    if axis is None:
        return frame.select(chosen).clear(), torn
    table = pl.DataFrame({x: axis, **{name: typed(frame[name]) for name in chosen}})
    kept = pl.col(x).is_not_null()
    if keys is not None:
        kept &= pl.any_horizontal(pl.col(name).is_not_null() for name in chosen) if chosen else pl.lit(False)
    if axis.null_count() or keys is not None:
        table = table.filter(kept)
    return table, torn


def _read(folder: RunFolder, keys: Sequence[str] | None, x: str) -> Columns:
    """Read what the table needs; indices only if some record has no step of its own."""
    axis = {"time": {"_timestamp"}, "step": {"step"}}.get(x, {x})
    unused = {"_timestamp", "_idx"} - axis - set(keys or ())
    wanted = None if keys is None else {*keys, *axis}
    found = read_columns(folder, wanted, unused)
    if x == "step" and not has_steps(found.frame):
        found = read_columns(folder, wanted and {*wanted, "_idx"}, unused - {"_idx"})
    return found


def has_steps(frame: pl.DataFrame) -> bool:
    """Whether every record has a step that is a finite number."""
    steps = _finite(frame["step"]) if "step" in frame.columns else None
    return not frame.height or (steps is not None and not steps.null_count())


def typed(column: pl.Series) -> pl.Series:
    """Return a column with a type of its own: one without any value has numbers."""
    return column.cast(pl.Float64) if column.dtype == pl.Null else column


def places(frame: pl.DataFrame, x: str) -> pl.Series | None:
    """Return where each record stands on the axis, null where it has no place; None if no record has that key."""
    if x == "time":
        if "_timestamp" in frame.columns:
            return frame["_timestamp"]
        return pl.Series(x, [None] * frame.height, dtype=MOMENT)
    if x != "step":
        return frame[x] if x in frame.columns else None
    found = [_finite(frame[name]) for name in ("step", "_idx") if name in frame.columns]
    steps = [series for series in found if series is not None]
    if steps and not steps[0].null_count():
        return steps[0]
    numbers = pl.Series("number", range(frame.height), dtype=pl.Int64)
    return pl.select(pl.coalesce(*steps, numbers)).to_series() if steps else numbers


def _finite(column: pl.Series) -> pl.Series | None:
    """The finite numbers of a column, null in all other places; None for a column that has no numbers."""
    if column.dtype == pl.Int64:
        return column
    if column.dtype != pl.Float64:
        return None
    finite = column.is_finite()
    return column if finite.all() else column.zip_with(finite.fill_null(False), pl.Series([None], dtype=pl.Float64))


def in_pandas(frame: pl.DataFrame, torn: int) -> pd.DataFrame:
    """Return a frame of pandas with the same columns; null becomes NaN."""
    from trackside.tracking.reading.in_pandas import frame_of_arrays

    return frame_of_arrays({column.name: _array(column) for column in frame}, torn)


def _array(column: pl.Series) -> NDArray[Any]:
    if column.dtype == MOMENT:
        column = column.dt.replace_time_zone(None)
    elif column.null_count() == len(column):
        column = column.cast(pl.Float64)
    if column.dtype in (pl.Datetime, pl.Int64, pl.Float64) or (column.dtype == pl.Boolean and not column.null_count()):
        array: NDArray[Any] = column.to_numpy(writable=True)
        return array
    array = np.empty(len(column), dtype=object)
    array[:] = column.to_list()
    return array


def of_plain(table: PlainTable) -> pl.DataFrame:
    """Return a table that was read plainly; where a key has values of different kinds, they stand there as texts."""
    dtypes = {"moment": MOMENT, "bool": pl.Boolean, "int": pl.Int64, "float": pl.Float64, "none": pl.Float64}
    columns = {}
    for name, (kind, values) in table.columns.items():
        texts = kind not in dtypes
        columns[name] = pl.Series(map(_text, values) if texts else values, dtype=pl.String if texts else dtypes[kind])
    return pl.DataFrame(columns)


def _text(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(spell_floats(value))
    return text.encode("utf-8", "replace").decode()
