"""Columns that the server answers as a DataFrame; pandas and polars are loaded when they are asked for."""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING, Any

from trackside.errors import InvalidInput, near
from trackside.models import RunTable
from trackside.tracking.values import restore_floats

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["LIBRARIES", "frame_of_table", "need_library"]

LIBRARIES = ("pandas", "polars")
_SPELT = frozenset({"NaN", "Infinity", "-Infinity"})
_MOMENTS = "started"
_NUMBERS = ({int}, {float}, {int, float})


def need_library(library: str) -> None:
    """Raise ``InvalidInput`` unless tables of this library can be made here."""
    if library not in LIBRARIES:
        hint = near(library, LIBRARIES) or f"Choose {' or '.join(LIBRARIES)}."
        raise InvalidInput(f"library: {library!r} is not known.", hint=hint)
    if importlib.util.find_spec(library) is None:
        raise InvalidInput(
            f"A table of runs needs {library}.",
            hint=f"Install it with `pip install {library}`.",
            code="missing_package",
        )


def frame_of_table(table: RunTable, library: str) -> DataFrame:
    """Return the columns as a DataFrame of this library; NaN and infinities are floats, ``started`` is a moment in UTC."""
    columns = {key: _with_floats(values) for key, values in table.columns.items()}
    return _in_polars(columns) if library == "polars" else _in_pandas(columns, table.more)


def _with_floats(values: list[object]) -> list[object]:
    """A column of numbers has its NaN and infinities as texts; a column of texts keeps them."""
    texts = {value for value in values if type(value) is str}
    if texts and texts <= _SPELT:
        return [restore_floats(value) for value in values]
    return values


def _in_pandas(columns: dict[str, list[object]], more: bool) -> DataFrame:
    import pandas as pd

    frame = pd.DataFrame({key: _as_array(values) for key, values in columns.items()}, copy=False)
    frame[_MOMENTS] = pd.to_datetime(frame[_MOMENTS], utc=True, format="ISO8601")
    frame.attrs["more"] = more
    return frame


def _as_array(values: list[object]) -> Any:  # an array of numpy, or the list where it holds other things than numbers
    """A column of numbers as pandas would make it, in a quarter of its time."""
    import numpy as np

    kinds = {type(value) for value in values}
    if kinds - {type(None)} not in _NUMBERS:
        return values
    found = np.array([np.nan if value is None else value for value in values] if type(None) in kinds else values)
    return found if found.dtype != object else values  # whole numbers beyond a word stay whole


def _in_polars(columns: dict[str, list[object]]) -> Any:  # polars.DataFrame, which is not there to be named everywhere
    import polars as pl

    frame = pl.DataFrame([pl.Series(key, _of_one_type(values)) for key, values in columns.items() if key != "tags"])
    tags = pl.Series("tags", columns["tags"], dtype=pl.List(pl.String))
    started = pl.col(_MOMENTS).cast(pl.String).str.to_datetime(time_zone="UTC")
    return frame.insert_column(list(columns).index("tags"), tags).with_columns(started)


def _of_one_type(values: list[object]) -> list[object]:
    """Polars has one type per column: what is of several, lists and dicts become their JSON."""
    kinds = {type(value) for value in values if value is not None}
    if kinds in _NUMBERS:
        return [float(value) if type(value) is int else value for value in values] if float in kinds else values
    if len(kinds) <= 1 and not kinds & {list, dict}:
        return values
    return [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
