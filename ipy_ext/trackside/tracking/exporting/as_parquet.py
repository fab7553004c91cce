"""Parquet: one table with typed columns, written by polars; what the runs are stands in the file's metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

from trackside.tracking.atomic import encode_json
from trackside.tracking.exporting.contents import Contents
from trackside.tracking.exporting.table import RUN_COLUMNS, columns_of, heading, rows_of
from trackside.tracking.needed import need
from trackside.tracking.reading.kinds import as_float

__all__ = ["write"]

_INT64 = range(-(2**63), 2**63)


def write(runs: Sequence[Contents], file: BinaryIO) -> int:
    """Write the table and return the number of its records.

    Columns are Int64, Float64 (NaN and infinities are real), Boolean or String, ``_timestamp`` a Datetime in UTC; one
    of mixed kinds is text. The metadata's ``trackside_runs`` is JSON: ``meta.json`` and configuration of each run.
    Raises MissingPackage without polars.
    """
    pl = need("polars", "polars", "Writing Parquet")
    fast = need("trackside.tracking.reading.fast", "polars", "Writing Parquet")
    try:
        frame = _by_columns(pl, runs)
    except fast.Mixed:
        frame = _by_rows(pl, runs)
    frame = frame.with_columns(pl.col(pl.Null).cast(pl.String))
    described = encode_json([run.meta | {"config": run.config()} for run in runs]).decode()
    frame.write_parquet(file, metadata={"trackside_runs": described})
    return int(frame.height)


def _by_columns(pl: Any, runs: Sequence[Contents]) -> Any:
    """Read whole columns, which is fast. Raises Mixed where one of them holds values of several kinds."""
    from trackside.tracking.reading.columns import read_columns
    from trackside.tracking.reading.fast import joined

    frames = []
    for run in runs:
        frame, run.torn = read_columns(run.folder)
        if len(runs) > 1:
            frame = frame.rename({name: f"metric.{name}" for name in RUN_COLUMNS if name in frame.columns})
            frame = frame.select(pl.lit(run.run_id).alias("run_id"), pl.lit(run.name).alias("run_name"), pl.all())
        frames.append(frame)
    found = joined(frames)
    first = [name for name in (*RUN_COLUMNS, "_idx", "_timestamp", "step") if name in found.columns]
    return found.select(*first, pl.exclude(*first)) if first else found


def _by_rows(pl: Any, runs: Sequence[Contents]) -> Any:
    columns = columns_of(runs)
    names = heading(runs, columns)
    values: list[list[object]] = [[] for _ in names]
    appends = [column.append for column in values]
    for row in rows_of(runs, columns):
        for append, value in zip(appends, row, strict=True):
            append(value)
    return pl.DataFrame([_series(pl, name, column) for name, column in zip(names, values, strict=True)])


def _series(pl: Any, name: str, values: list[object]) -> Any:
    kinds = {type(value) for value in values} - {type(None)}
    if name == "_timestamp" and kinds == {str}:
        from trackside.tracking.reading.moments import as_moments

        return as_moments(pl.Series(name, values, dtype=pl.String))
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds == {int} and all(value is None or value in _INT64 for value in values):
        return pl.Series(name, values, dtype=pl.Int64)
    if kinds and kinds <= {int, float}:
        numbers: list[Any] = values
        return pl.Series(name, [None if value is None else as_float(value) for value in numbers], dtype=pl.Float64)
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _text(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else encode_json(value).decode().strip()
    return text.encode("utf-8", "backslashreplace").decode()
