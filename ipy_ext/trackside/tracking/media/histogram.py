"""A histogram: numbers counted in bins of equal width, or counts with edges as they were given."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from trackside.errors import NotLoggable
from trackside.tracking.atomic import encode_json
from trackside.tracking.media.arrays import as_numpy, is_array
from trackside.tracking.media.content import Content, kind_of
from trackside.tracking.reading.kinds import as_float

__all__ = ["histogram"]

_MOST_BINS = 512
_EVEN = 1e-6
"""Of a bin's width: what edges may differ and still count as evenly spread."""
_HUGE = 1e150
"""Numbers beyond which a square or a span may be beyond all floats: they are counted as shares of ``_UNIT``."""
_UNIT = 2.0**1000


def histogram(key: str, values: Any, bins: int = 64) -> Content:
    """Return a histogram as it is kept: ``counts`` between ``edges``, one more of these.

    ``values`` is an array of any shape, a sequence of numbers, or a tuple ``(counts, edges)`` as numpy gives it.
    NaN and infinities are in no bin: ``nan`` and ``infinite`` say how many there were. Raises NotLoggable for what
    are no numbers, and for more than 512 bins.
    """
    if _is_counted(values):
        return _content(*_counted(key, *values), {})
    if not isinstance(bins, int) or not 0 < bins <= _MOST_BINS:
        raise NotLoggable(f"{key!r}: bins={bins!r}.", hint=f"Choose from 1 to {_MOST_BINS}.")
    if is_array(values):
        return _content(*_of_array(as_numpy(key, values), bins))
    return _content(*_of_numbers(_numbers(key, values), bins))


def _is_counted(values: object) -> bool:
    if not isinstance(values, tuple) or len(values) != 2:
        return False
    counts, edges = values
    return all(hasattr(part, "__len__") for part in values) and len(edges) == len(counts) + 1


def _counted(key: str, counts: Any, edges: Any) -> tuple[list[float], list[float]]:
    heights, places = _numbers(key, counts), _numbers(key, edges)
    if len(heights) > _MOST_BINS:
        raise NotLoggable(f"{key!r}: {len(heights)} bins.", hint=f"{_MOST_BINS} at most.")
    if not all(map(math.isfinite, heights + places)) or any(low >= high for low, high in pairwise(places)):
        raise NotLoggable(f"{key!r}: edges must be finite and rise, counts be finite.")
    return [int(height) if height.is_integer() else height for height in heights], places


def _numbers(key: str, values: Any) -> list[float]:
    """Return numbers, nested as they may be, as one list."""
    if is_array(values):
        flat: list[float] = as_numpy(key, values).ravel().astype("float64").tolist()
        return flat
    if not isinstance(values, Iterable) or isinstance(values, (str, bytes, dict)):
        raise NotLoggable(
            f"{key!r}: a {kind_of(values)} has no distribution.", hint="Log an array or a list of numbers."
        )
    found: list[float] = []
    for value in values:
        if (is_array(value) and value.shape) or (isinstance(value, Sequence) and not isinstance(value, str)):
            found.extend(_numbers(key, value))
        else:
            try:
                found.append(as_float(value))
            except (TypeError, ValueError, RuntimeError) as error:
                raise NotLoggable(f"{key!r}: {value!r} is not a number.") from error
    return found


def _of_array(array: Any, bins: int) -> tuple[list[float], list[float], dict[str, float]]:
    import numpy as np  # it is loaded: the array is its own

    flat = array.ravel().astype("float64")
    known = np.isfinite(flat)
    finite = flat if known.all() else flat[known]
    nan = int(np.isnan(flat).sum()) if finite is not flat else 0
    facts: dict[str, float] = {"count": int(finite.size), "nan": nan, "infinite": int(flat.size - finite.size - nan)}
    if not finite.size:
        return [], [], facts
    low, high = float(finite.min()), float(finite.max())
    unit = _unit(low, high)
    finite = finite if unit == 1 else finite / unit
    facts |= {"min": low, "max": high, "mean": float(finite.mean()) * unit, "std": float(finite.std()) * unit}
    low, high = _span(low / unit, high / unit)
    counts, _ = np.histogram(finite, bins, (low, high))
    return counts.tolist(), _edges(low, high, bins, unit), facts


def _of_numbers(values: list[float], bins: int) -> tuple[list[float], list[float], dict[str, float]]:
    finite = [value for value in values if math.isfinite(value)]
    nan = sum(map(math.isnan, values))
    facts: dict[str, float] = {"count": len(finite), "nan": nan, "infinite": len(values) - len(finite) - nan}
    if not finite:
        return [], [], facts
    least, most = min(finite), max(finite)
    unit = _unit(least, most)
    finite = finite if unit == 1 else [value / unit for value in finite]
    mean = math.fsum(finite) / len(finite)
    std = math.sqrt(math.fsum((value - mean) ** 2 for value in finite) / len(finite))
    facts |= {"min": least, "max": most, "mean": mean * unit, "std": std * unit}
    low, high = _span(least / unit, most / unit)
    counts: list[float] = [0] * bins
    for value in finite:
        counts[max(0, min(bins - 1, int((value - low) * (bins / (high - low)))))] += 1
    return counts, _edges(low, high, bins, unit), facts


def _unit(low: float, high: float) -> float:
    return 1.0 if max(-low, high) < _HUGE else _UNIT


def _span(low: float, high: float) -> tuple[float, float]:
    """Return from where to where the bins go; around a single value they need a width of their own."""
    if high - low > abs(high) * 1e-12:
        return low, high
    if low == high:
        around = max(0.5, abs(low) * 1e-6)
        return low - around, high + around
    return low, high


def _edges(low: float, high: float, bins: int, unit: float) -> list[float]:
    width = (high - low) / bins
    edges = [*(low + width * place for place in range(bins)), high]
    last = sys.float_info.max
    return edges if unit == 1 else [max(-last, min(last, edge * unit)) for edge in edges]


def _content(counts: list[float], edges: list[float], facts: dict[str, float]) -> Content:
    """The file has counts and edges; the record has the counts, and of even edges only the first and the last."""
    known: dict[str, object] = {"bins": len(counts), "counts": counts}
    if edges:
        known |= {"low": edges[0], "high": edges[-1]}
        if not _is_even(edges):
            known["edges"] = edges
    facts = {name: fact for name, fact in facts.items() if fact == fact and abs(fact) < math.inf}
    facts = facts or {"count": sum(counts)}
    return Content("histogram", "json", encode_json({**facts, "counts": counts, "edges": edges}), {**facts, **known})


def _is_even(edges: list[float]) -> bool:
    width = edges[-1] / (len(edges) - 1) - edges[0] / (len(edges) - 1)
    return all(abs(edges[0] + width * place - edge) <= _EVEN * width for place, edge in enumerate(edges))
