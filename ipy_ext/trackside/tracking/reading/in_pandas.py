"""Columns as a pandas DataFrame; numbers are handed over as arrays, never value by value where they are arrays already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from trackside.tracking.reading.plain import Column, PlainTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]  # an array of any kind

__all__ = ["frame_of_arrays", "of_plain"]


def frame_of_arrays(arrays: Mapping[str, Array], torn: int) -> pd.DataFrame:
    """Return a frame of these arrays, moments in UTC."""
    columns = {
        name: pd.Series(array).dt.tz_localize("UTC") if array.dtype.kind == "M" else array
        for name, array in arrays.items()
    }
    frame = pd.DataFrame(columns, copy=False)
    frame.attrs["torn"] = torn
    return frame


def of_plain(table: PlainTable) -> pd.DataFrame:
    """Return a table that was read plainly."""
    return frame_of_arrays({name: _array(column) for name, column in table.columns.items()}, table.torn)


def _array(column: Column) -> Array:
    kind, values = column
    if kind == "moment":
        naive = [value.replace(tzinfo=None) for value in cast("list[datetime]", values)]
        return np.array(naive, dtype="datetime64[us]")
    whole = None not in values
    if kind in {"bool", "int"} and whole:
        return np.array(values, dtype=bool if kind == "bool" else np.int64)
    if kind in {"int", "float", "none"}:
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
