"""Curves of big files, from columns that are kept and grow with their file; lives in a process of its own."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from msgspec.structs import replace

from trackside.models import Metrics, Series
from trackside.tracking.folder import RunFolder
from trackside.tracking.reading.fast import Mixed, joined, read_lines
from trackside.tracking.reading.frames import places
from trackside.tracking.reading.moments import MOMENT, as_moments
from trackside.tracking.reading.parquet import Part, fingerprint, open_compacted
from trackside_server.engine.curves import read_curves, series_of
from trackside_server.engine.outline import Outline, Points, outline_of, rows_between

__all__ = ["FrameCurves"]

_OWN = frozenset({"_idx", "_timestamp", "step"})
_POINTS = 1_000_000
"""Points of answers that are kept."""
_OUTLINED = 4_000_000
"""Points of outlines that are kept."""
_KEPT = (pl.Int64, pl.Float64, MOMENT)


@dataclass(frozen=True, slots=True)
class _Known:
    """The numbers of a file up to a byte, which stands after a newline."""

    inode: int
    end: int
    fingerprint: str
    torn: int
    frame: pl.DataFrame
    timed: bool
    """Whether the times are there: to read them takes as long as three metrics, and few ask for them."""
    part: Part | None = None
    """What of the run's Parquet these are, where nothing came after it."""

    @property
    def size(self) -> int:
        return int(self.frame.estimated_size())


class FrameCurves:
    """Answers curves; what was read is kept, at most ``room`` bytes of it, those asked for last."""

    def __init__(self, room: int = 256 << 20) -> None:
        self._room = room
        self._known: dict[Path, _Known] = {}
        self._answers: dict[Hashable, Metrics] = {}
        self._outlines: dict[Hashable, Outline] = {}

    def read(
        self,
        path: Path,
        run_id: str,
        *,
        keys: Sequence[str] | None,
        x: str,
        max_points: int,
        since: int = 0,
        between: tuple[float, float] | None = None,
    ) -> Metrics:
        """Return what ``read_curves`` returns."""
        try:
            state = path.stat()
            curves = (path, state.st_ino, state.st_size, state.st_mtime_ns, x, tuple(keys or ()))
            asked = (curves, since, max_points, between)
            if asked in self._answers:
                return self._answers[asked]
            if between is not None and (outline := self._outlines.get(curves)) is not None and not since:
                part = _part(path, outline, x, max_points, between)
                if part is not None:
                    return self._keep(asked, Metrics(run_id, x, part, outline.part.bytes, outline.part.torn))
            known = self._whole(path, x == "time") if not since else _read(path, since, x == "time")
            axis = _axis(known.frame, x)
            points = _curves(known.frame, axis, keys, x)
            series = {key: series_of(*each, max_points, between) for key, each in points.items()}
            if axis is not None and known.part is not None and known.end == state.st_size:
                self._draw(curves, outline_of(known.frame, known.part, x, axis, points, series))
        except Mixed:
            return read_curves(path, run_id, keys=keys, x=x, max_points=max_points, since=since, between=between)
        except FileNotFoundError:
            return Metrics(run_id, x, {}, since, 0)
        return self._keep(asked, Metrics(run_id, x, series, known.end, known.torn))

    def _draw(self, curves: Hashable, outline: Outline | None) -> None:
        """Keep the outline of curves, so that a closer look at them need not read them whole."""
        if outline is not None:
            self._outlines[curves] = outline
            while sum(each.points for each in self._outlines.values()) > _OUTLINED:
                del self._outlines[next(iter(self._outlines))]

    def _keep(self, asked: Hashable, answer: Metrics) -> Metrics:
        """Keep an answer for those who ask the same: several windows, or one that comes back."""
        self._answers[asked] = answer
        while sum(_points_of(each) for each in self._answers.values()) > _POINTS:
            del self._answers[next(iter(self._answers))]
        return answer

    def _whole(self, path: Path, timed: bool) -> _Known:
        """Everything in a file up to its last newline: what is known of it and what came after."""
        known = self._known.pop(path, None)
        state = path.stat()
        if known is None or (timed and not known.timed) or known.inode != state.st_ino or state.st_size < known.end or fingerprint(path, known.end) != known.fingerprint:  # fmt: skip
            known = _from_parquet(path, timed)
        if known is None or state.st_size > known.end:
            known = _read(path, 0, timed) if known is None else _grown(path, known)
        if known.size <= self._room:
            self._known[path] = known
            while sum(each.size for each in self._known.values()) > self._room:
                del self._known[next(iter(self._known))]
        return known


def _points_of(answer: Metrics) -> int:
    return sum(len(series.x) for series in answer.series.values())


def _from_parquet(path: Path, timed: bool) -> _Known | None:
    """What the run's Parquet has of a file."""
    compacted = open_compacted(RunFolder(path.parent))
    part = compacted.parts.get(path.name) if compacted else None
    frames = compacted.read(_wanted(compacted.columns, timed)) if compacted and part else None
    if part is None or frames is None:
        return None
    numbers = _numbers(frames[path.name], timed)
    return _Known(path.stat().st_ino, part.bytes, part.fingerprint, part.torn, numbers, timed, part)


def _read(path: Path, since: int, timed: bool) -> _Known:
    lines = read_lines(path, since)
    return _Known(
        path.stat().st_ino, lines.end, fingerprint(path, lines.end), lines.torn, _numbers(lines.frame, timed), timed
    )


def _grown(path: Path, known: _Known) -> _Known:
    more = _read(path, known.end, known.timed)
    if more.end == known.end:
        return known
    frame = joined([known.frame, more.frame]).rechunk()
    return _Known(more.inode, more.end, more.fingerprint, known.torn + more.torn, frame, known.timed)


def _wanted(columns: Sequence[str], timed: bool) -> list[str]:
    return [name for name in columns if timed or name != "_timestamp"] or list(columns[:1])


def _numbers(frame: pl.DataFrame, timed: bool) -> pl.DataFrame:
    """The columns that can be a curve or an axis."""
    kept = {column.name: column for column in frame if column.dtype in _KEPT and column.name != "_timestamp"}
    if timed and "_timestamp" in frame.columns:
        kept["_timestamp"] = as_moments(frame["_timestamp"])
    return pl.DataFrame(kept).rechunk() if kept else pl.DataFrame(height=frame.height)


def _curves(frame: pl.DataFrame, axis: pl.Series | None, keys: Sequence[str] | None, x: str) -> dict[str, Points]:
    """The points of each curve over this axis, where there is at least one."""
    if axis is None:
        return {}
    found = {}
    for column in frame:
        if column.dtype == MOMENT or (column.name not in keys if keys else column.name in _OWN or column.name == x):
            continue
        points = _points(axis, column)
        if points is not None:
            found[column.name] = points
    return found


def _part(
    path: Path, outline: Outline, x: str, max_points: int, between: tuple[float, float]
) -> dict[str, Series] | None:
    """Curves between two places: from the outline where that has enough of them, else from the rows that hold them."""
    near = outline.near(max_points, *between)
    if near is None:
        rows = rows_between(path, outline, *between)
        if rows is None:
            return None
        numbers = _numbers(rows, x == "time")
        near = _curves(numbers, _axis(numbers, x), list(outline.whole), x)
    found = {key: series_of(*points, max_points, between) for key, points in near.items()}
    return {key: replace(whole, x=found[key].x, y=found[key].y) for key, whole in outline.whole.items()}


def _axis(frame: pl.DataFrame, x: str) -> pl.Series | None:
    """Where each record stands, as a float, null where it has no place; None where no record has one."""
    axis = places(frame, x)
    if axis is None or axis.dtype not in _KEPT or (axis.dtype == MOMENT) != (x == "time"):
        return None
    if x == "time":  # divided by numpy, to the last bit; polars multiplies with an inverse
        axis = pl.Series(axis.dt.epoch("us").cast(pl.Float64).to_numpy() / 1e6)
    axis = axis.cast(pl.Float64)
    return axis if axis.is_finite().all() else pl.select(pl.when(axis.is_finite()).then(axis)).to_series()


def _points(axis: pl.Series, column: pl.Series) -> Points | None:
    if column.null_count() or axis.null_count():
        both = column.is_not_null() & axis.is_not_null()
        axis, column = axis.filter(both), column.filter(both)
    return (axis.to_numpy(), column.cast(pl.Float64).to_numpy()) if len(column) else None
