"""The facts of the metrics in a polars frame."""

from __future__ import annotations

import polars as pl

from trackside.tracking.reading.facts import MetricFacts
from trackside.tracking.reading.plain import OWN

__all__ = ["facts_of_frame"]


def facts_of_frame(frame: pl.DataFrame) -> dict[str, MetricFacts]:
    """Return the facts of each column of numbers."""
    found = {}
    for column in frame:
        if column.name in OWN or column.dtype not in (pl.Int64, pl.Float64):
            continue
        numbers = column.drop_nulls()
        if len(numbers):
            finite = numbers.filter(numbers.is_finite())
            found[column.name] = MetricFacts(
                len(numbers), float(numbers[-1]), _float(finite.min()), _float(finite.max())
            )
    return found


def _float(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]  # a number, as the columns are
