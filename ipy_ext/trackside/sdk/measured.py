"""Last and best values of several runs, as columns of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from trackside.tracking.values import restore_floats

if TYPE_CHECKING:
    from trackside.client import Client
    from trackside.models import Series

__all__ = ["Measured", "columns", "facts", "series_of"]

Measured = Sequence[Mapping[str, "Series"]]
_FEWEST = 16
"""Points of a curve of which only last, least and greatest are wanted."""


def series_of(client: Client, runs: Iterable[str], keys: Sequence[str] | None = None, x: str = "step") -> Measured:
    """Return the metrics of each run by key."""
    return [client.runs.metrics(run, keys or None, x=x, max_points=_FEWEST).series for run in runs]


def columns(found: Measured) -> dict[str, list[float | None]]:
    """Return ``KEY.last``, ``KEY.min`` and ``KEY.max`` of every metric, one value a run; None where it logged none."""
    keys = dict.fromkeys(key for series in found for key in series)
    return {f"{key}.{end}": facts(found, key, end) for key in keys for end in ("last", "min", "max")}


def facts(found: Measured, key: str, end: str) -> list[float | None]:
    """Return one fact of one metric for each run; NaN and infinities are numbers."""
    return [_number(getattr(series[key], end)) if key in series else None for series in found]


def _number(value: object) -> float | None:
    restored = restore_floats(value)
    return restored if isinstance(restored, (int, float)) else None
