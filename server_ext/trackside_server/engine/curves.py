"""A run's metrics as curves that a screen can show: minima, maxima and both ends kept."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

import msgspec

from trackside.models import Metrics, Series
from trackside.tracking.reading.plain import moment
from trackside.tracking.records import parse_records
from trackside_server.engine.records import read_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    _Floats: TypeAlias = NDArray[np.float64]
    _Bools: TypeAlias = NDArray[np.bool_]
    _Places: TypeAlias = NDArray[np.int64]

__all__ = ["read_curves", "series_of", "thinned"]

_OWN = frozenset({"_idx", "_timestamp", "step"})
_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_BLOCK = 1 << 18
"""Bytes that are decoded at a time; nothing else of the process runs meanwhile, some 4 ms."""
_PLAIN = 2**63
_Records = list[dict[str, object]]
_DECODER = msgspec.json.Decoder(dict[str, object])


def read_curves(
    path: Path,
    run_id: str,
    *,
    keys: Sequence[str] | None = None,
    x: str = "step",
    max_points: int = 2000,
    since: int = 0,
    between: tuple[float, float] | None = None,
) -> Metrics:
    """Return the curves of a ``metrics.jsonl`` from byte ``since`` on, each of at most ``max_points`` points (0: all).

    ``x`` is ``step`` (records without one count on), ``time`` (seconds since the Unix epoch) or any key. ``between``
    leaves out the points whose x lies outside; count, last, minimum and maximum are those of the whole curve.
    """
    import numpy as np

    columns = _Columns(x, frozenset(keys) if keys else None)
    position, torn = since, 0
    for block, end in _blocks(path, since):
        records, passed_over = _read(block)
        columns.add(records)
        position, torn = end, torn + passed_over
    found = ((key, np.frombuffer(xs), np.frombuffer(ys)) for key, (xs, ys) in columns.found.items())
    series = {key: series_of(x_of, y_of, max_points, between) for key, x_of, y_of in found}
    return Metrics(run_id, x, series, position, torn)


def _blocks(path: Path, since: int) -> Iterator[tuple[bytes, int]]:
    """The whole lines from a position on, about a megabyte at a time, each time with the position after them."""
    position, size = since, _BLOCK
    while data := read_bytes(path, position, size):
        end = data.rfind(b"\n") + 1
        if end:
            position += end
            yield data[:end], position
            size = _BLOCK
        elif len(data) < size:
            return
        else:  # a line longer than that
            size *= 4


def _read(block: bytes) -> tuple[_Records, int]:
    """The records of these lines, and the number of lines that were torn."""
    try:
        return _DECODER.decode_lines(block), 0
    except (ValueError, RecursionError):
        pass  # some line is not as it should be
    records, _, torn = parse_records(block)
    return records, torn


class _Columns:
    """Gathers records into columns: ``found`` has the x and y of each key."""

    def __init__(self, x: str, wanted: frozenset[str] | None) -> None:
        self._x = x
        self._wanted = wanted
        self._passed_over = _OWN | {x}
        self._count = 0
        self.found: dict[str, tuple[array[float], array[float]]] = {}

    def add(self, records: _Records) -> None:
        """Take these records after the others."""
        places = self._places(records)
        whole = None not in places
        keys = dict.fromkeys(key for record in records for key in record)
        for key in keys.keys() - self._passed_over if self._wanted is None else keys.keys() & self._wanted:
            values = [record.get(key) for record in records]
            if whole and _are_plain(values):
                self._extend(key, places, values)
                continue
            numbers = [_number(value) for value in values]
            both = [
                (place, number)
                for place, number in zip(places, numbers, strict=True)
                if place is not None and number is not None
            ]
            if both:
                self._extend(key, *zip(*both, strict=True))
        self._count += len(records)

    def _extend(self, key: str, xs: Sequence[object], ys: Sequence[object]) -> None:
        column = self.found.get(key)
        if column is None:
            column = self.found[key] = (array("d"), array("d"))
        column[0].extend(xs)  # type: ignore[arg-type]  # numbers, as the caller made sure
        column[1].extend(ys)  # type: ignore[arg-type]

    def _places(self, records: _Records) -> list[float | None]:
        """Where each record stands on the x axis, None for one that has no place there."""
        if self._x == "time":
            return [_seconds(record.get("_timestamp")) for record in records]
        if self._x != "step":
            return [_place(record.get(self._x)) for record in records]
        steps = [record.get("step") for record in records]
        if _are_plain(steps):
            return cast("list[float | None]", steps)
        return [
            step if (step := _place(record.get("step"))) is not None else _count_of(record, number)
            for number, record in enumerate(records, self._count)
        ]


def _are_plain(values: Sequence[object]) -> bool:
    """Whether all of these are numbers that a column takes as they are."""
    kinds = set(map(type, values))
    if kinds == {float}:
        return True
    numbers = cast("Sequence[float]", values)
    return bool(kinds) and kinds <= {float, int} and -_PLAIN < min(numbers) <= max(numbers) < _PLAIN


def _place(value: object) -> float | None:
    number = _number(value)
    return number if number is not None and math.isfinite(number) else None


def _count_of(record: dict[str, object], number: int) -> float:
    index = _place(record.get("_idx"))
    return float(number) if index is None else index


def _seconds(stamp: object) -> float | None:
    found = moment(stamp)
    return None if found is None else found.timestamp()


def _number(value: object) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return _SPECIAL.get(value) if isinstance(value, str) else None


def series_of(x: _Floats, y: _Floats, max_points: int, between: tuple[float, float] | None = None) -> Series:
    """Return a curve of these points, thinned to ``max_points`` (0: all of them); there is at least one.

    Of those outside ``between`` the nearest on each side stays, so that a line leaves the chart where it should.
    """
    import numpy as np

    count, last = len(y), float(y[-1])
    finite = np.isfinite(y)
    real = y if finite.all() else y[finite]
    least, greatest = (float(real.min()), float(real.max())) if len(real) else (None, None)
    if between is not None:
        x, y, finite = _within(x, y, finite, *between)
    x, y = thinned(x, y, finite, max_points)
    return Series(x.tolist(), _values(y), count, _spelt(last), least, greatest)


def thinned(x: _Floats, y: _Floats, finite: _Bools, max_points: int) -> tuple[_Floats, _Floats]:
    """Return at most ``max_points`` of these points (0: all of them): ends and extremes stay."""
    if not 0 < max_points < len(y):
        return x, y
    chosen = _downsample(y, finite, max_points)
    return x[chosen], y[chosen]


def _values(y: _Floats) -> list[float | None]:
    """Values as an answer has them: None for what is no finite number."""
    import numpy as np

    values: list[float | None] = y.tolist()
    for place in np.flatnonzero(~np.isfinite(y)).tolist():
        values[place] = None
    return values


def _within(x: _Floats, y: _Floats, finite: _Bools, low: float, high: float) -> tuple[_Floats, _Floats, _Bools]:
    import numpy as np

    inside = np.flatnonzero((x >= low) & (x <= high))
    first, last = (inside[0], inside[-1] + 1) if len(inside) else (np.searchsorted(x, low),) * 2
    part = slice(max(0, first - 1), last + 1)
    return x[part], y[part], finite[part]


def _spelt(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _downsample(y: _Floats, finite: _Bools, max_points: int) -> _Places:
    """The places of the points that show the curve: both ends, extremes all along, and where gaps begin."""
    import numpy as np
    from tsdownsample import MinMaxDownsampler

    if finite.all():
        inside = MinMaxDownsampler().downsample(y, n_out=(max_points - 2) // 2 * 2).astype(np.int64)
        return np.unique(np.concatenate(([0], inside, [len(y) - 1])))
    gaps = np.flatnonzero(~finite & np.roll(finite, 1))
    room = max_points - 2
    if len(gaps) > room // 4:
        gaps = gaps[np.linspace(0, len(gaps) - 1, room // 4).astype(int)]
    room -= len(gaps)
    real = np.flatnonzero(finite)
    if len(real) > room:
        real = real[MinMaxDownsampler().downsample(y[real], n_out=room - room % 2)]
    return np.unique(np.concatenate(([0], real, gaps, [len(y) - 1])))
