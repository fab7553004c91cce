"""Curves of several runs over one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from trackside.models import Curve, Series

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    _Floats: TypeAlias = NDArray[np.float64]

__all__ = ["MOST_KEYS", "aligned"]

MOST_KEYS = 50
_MOST_VALUES = 500_000
_LEAST_POINTS = 16


def aligned(
    runs: Sequence[Mapping[str, Series]], keys: Sequence[str], max_points: int, *, from_first: bool = False
) -> list[Curve]:
    """Return one curve per key, of at most ``max_points`` places each; fewer where there are many runs and keys.

    At each place stands a run's newest value up to there, nothing before its first and after its last. ``from_first``:
    the axis counts from each run's first point, as seconds do of runs that were made at different times.
    """
    chosen = [key for key in keys[:MOST_KEYS] if any(key in run for run in runs)]
    room = _MOST_VALUES // max(1, len(runs) * len(chosen))
    points = max(_LEAST_POINTS, min(max_points, room))
    begins = [
        min((min(series.x) for series in run.values() if series.x), default=0.0) if from_first else 0.0 for run in runs
    ]
    return [_curve(key, [run.get(key) for run in runs], begins, points) for key in chosen]


def _curve(key: str, found: Sequence[Series | None], begins: Sequence[float], points: int) -> Curve:
    import numpy as np

    pairs = [_in_order(series, begin) for series, begin in zip(found, begins, strict=True)]
    axis = np.unique(np.concatenate([x for x, _ in pairs]))
    if len(axis) > points:
        axis = axis[np.linspace(0, len(axis) - 1, points).round().astype(int)]
    return Curve(key, axis.tolist(), [_at(axis, x, y) for x, y in pairs])


def _in_order(series: Series | None, begin: float) -> tuple[_Floats, _Floats]:
    """The points by their place; of two at one place the later one."""
    import numpy as np

    if series is None:
        return np.empty(0), np.empty(0)
    x = np.asarray(series.x, dtype=float) - begin
    y = np.asarray([np.nan if value is None else value for value in series.y], dtype=float)
    order = np.argsort(x, kind="stable")
    return x[order], y[order]


def _at(axis: _Floats, x: _Floats, y: _Floats) -> list[float | None]:
    import numpy as np

    if not len(x):
        return [None] * len(axis)
    places = np.searchsorted(x, axis, side="right") - 1
    inside = (places >= 0) & (axis <= x[-1])
    values = np.where(inside, y[np.maximum(places, 0)], np.nan)
    return [
        value if known else None for value, known in zip(values.tolist(), np.isfinite(values).tolist(), strict=True)
    ]
