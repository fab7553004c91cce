"""A run's columns with one row for each place on the axis: of two values for one place the later one stands."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from trackside.tracking.folder import RunFolder
from trackside.tracking.reading.columns import read_columns
from trackside.tracking.reading.frames import has_steps, places, typed

__all__ = ["read_stepwise"]


def read_stepwise(folder: RunFolder, keys: Sequence[str] | None, x: str) -> tuple[pl.DataFrame, bool]:
    """Return the rows in the order of ``x``, the first column, and True; a key that no record has is left out. Raises Mixed.

    Where ``x`` is ``step`` and some record has none, there is a row for each record, in the order of logging,
    and False.
    """
    axis = {"time": {"_timestamp"}}.get(x, {x})
    wanted = None if keys is None else {*keys, *axis}
    frame = read_columns(folder, wanted, {"_idx", "_timestamp"} - axis).frame
    by_place = x != "step" or has_steps(frame)
    found = [name for name in frame.columns if not name.startswith("_") and not (by_place and name in {"step", x})]
    chosen = (
        found if keys is None else [name for name in keys if name in frame.columns and not (by_place and name == x)]
    )
    columns = {name: typed(frame[name]) for name in chosen}
    if not by_place:
        return pl.DataFrame(columns), False
    place = places(frame, x)
    if place is None:
        return pl.DataFrame({name: column.clear() for name, column in columns.items()}), True
    table = pl.DataFrame({x: place, **columns})
    if place.null_count():
        table = table.filter(pl.col(x).is_not_null())
    if table[x].is_duplicated().any():
        table = table.group_by(x, maintain_order=True).agg(pl.all().drop_nulls().last())
    table = table if table[x].is_sorted() else table.sort(x)
    if keys is not None and chosen:
        table = table.filter(pl.any_horizontal(pl.col(chosen).is_not_null()))
    return table, True
