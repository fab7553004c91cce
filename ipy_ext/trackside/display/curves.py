"""From the metrics that the server sends to the curves of a picture. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from trackside.display.picture import Curve
from trackside.models import Metrics

__all__ = ["MAX_POINTS", "curves_of", "last_values"]

MAX_POINTS = 600


def curves_of(
    runs: Sequence[tuple[str, Metrics]], keys: Collection[str] = (), *, last: int | None = None
) -> dict[str, list[Curve]]:
    """Return the curves by metric, one per run that logged it; ``keys`` empty: all metrics, in the order first seen."""
    wanted = keys or dict.fromkeys(key for _, metrics in runs for key in metrics.series)
    return {
        key: [
            _curve(label, metrics, key, colour, last)
            for colour, (label, metrics) in enumerate(runs)
            if key in metrics.series
        ]
        for key in wanted
    }


def _curve(label: str, metrics: Metrics, key: str, colour: int, last: int | None) -> Curve:
    series = metrics.series[key]
    begin = -last if last else 0
    return Curve(label, series.x[begin:], [math.nan if y is None else y for y in series.y[begin:]], colour)


def last_values(metrics: Metrics, keys: Collection[str] = ()) -> list[tuple[str, object, float | None, float | None]]:
    """Return metric, last value, minimum and maximum of each curve."""
    return [
        (key, series.last, series.min, series.max) for key, series in metrics.series.items() if not keys or key in keys
    ]
