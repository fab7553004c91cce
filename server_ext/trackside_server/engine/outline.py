"""The outline of a run's long curves: enough for a look at a part of them, or which rows of its Parquet hold that part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trackside.models import Series
from trackside.tracking.folder import RunFolder
from trackside.tracking.reading.parquet import Part, open_compacted
from trackside_server.engine.curves import thinned

__all__ = ["Outline", "Points", "outline_of", "rows_between"]

Points: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""The x and y of a curve."""
_BLOCK = 4096
_FEW = 1 << 15
"""Points up to which a curve is kept whole; of a longer one as many are, or one of 32."""
_OF = 32


class Outline(NamedTuple):
    """What is known of curves that lie in a Parquet whole, in the order of their x."""

    part: Part
    thin: Mapping[str, Points]
    """Points of each curve, minima and maxima kept."""
    lowest: NDArray[np.float64]
    """The x of the first row of each block of rows; they rise."""
    highest: NDArray[np.float64]
    filled: Mapping[str, NDArray[np.bool_]]
    """Whether a block has a value of this metric, for those that some rows lack."""
    axis: Sequence[str]
    """The columns that tell x."""
    whole: Mapping[str, Series]
    """Count, last, least and greatest of each whole curve, without its points."""

    @property
    def points(self) -> int:
        """How many points are kept."""
        return sum(len(x) for x, _ in self.thin.values())

    def near(self, max_points: int, low: float, high: float) -> Mapping[str, Points] | None:
        """Return points of which those between two places show as much as all that are there; None if there are too few."""
        for key, (x, _) in self.thin.items():
            inside = np.searchsorted(x, high, side="right") - np.searchsorted(x, low)
            if len(x) < self.whole[key].count and not 0 < 2 * max_points <= inside:
                return None
        return self.thin


def outline_of(
    frame: pl.DataFrame, part: Part, x: str, axis: pl.Series, points: Mapping[str, Points], curves: Mapping[str, Series]
) -> Outline | None:
    """Return the outline of curves that were just read over this axis; None where a part of the rows would not tell where it stands."""
    columns = _axis_columns(frame, x)
    if not columns or axis.null_count() or not axis.is_sorted():
        return None
    place, starts = axis.to_numpy(), np.arange(0, frame.height, _BLOCK)
    ends = np.minimum(starts + _BLOCK, frame.height) - 1
    filled = {
        key: np.add.reduceat(frame[key].is_not_null().to_numpy(), starts, dtype=np.int64) > 0
        for key in curves
        if frame[key].null_count()
    }
    thin = {key: thinned(*each, np.isfinite(each[1]), max(_FEW, len(each[0]) // _OF)) for key, each in points.items()}
    whole = {key: Series([], [], each.count, each.last, each.min, each.max) for key, each in curves.items()}
    return Outline(part, thin, place[starts], place[ends], filled, columns, whole)


def rows_between(path: Path, outline: Outline, low: float, high: float) -> pl.DataFrame | None:
    """Return the rows whose x lies between these two, and around them as many as hold each metric's next value.

    None when the Parquet is not the one that the outline was made of.
    """
    compacted = open_compacted(RunFolder(path.parent))
    if compacted is None or compacted.parts.get(path.name) != outline.part:
        return None
    first, last = _blocks(outline, low, high)
    columns = dict.fromkeys((*outline.axis, *outline.whole))
    start = first * _BLOCK
    return compacted.read_rows(path.name, start, min((last + 1) * _BLOCK, outline.part.rows) - start, list(columns))


def _blocks(outline: Outline, low: float, high: float) -> tuple[int, int]:
    count = len(outline.lowest)
    before = int(np.searchsorted(outline.highest, low))  # blocks that end below
    after = int(np.searchsorted(outline.lowest, high, side="right"))  # the first that begins above
    first, last = max(0, before - 1), min(count - 1, after)
    for filled in outline.filled.values():
        (with_values,) = np.nonzero(filled)
        if len(earlier := with_values[with_values < before]):
            first = min(first, int(earlier[-1]))
        if len(later := with_values[with_values >= after]):
            last = max(last, int(later[0]))
    return first, last


def _axis_columns(frame: pl.DataFrame, x: str) -> list[str]:
    """The columns from which a part of the rows gets its x; none where it depends on how many rows lie before."""
    if x == "time":
        return ["_timestamp"]
    if x != "step":
        return [x]
    columns = [name for name in ("step", "_idx") if name in frame.columns]
    whole = [_is_whole(frame[name]) for name in columns]
    return columns[: whole.index(True) + 1] if any(whole) else []


def _is_whole(column: pl.Series) -> bool:
    return not column.null_count() and (column.dtype == pl.Int64 or bool(column.is_finite().all()))
