"""Single values, as TensorBoard and MLflow keep them, put together into the records they were logged as."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

__all__ = ["Point", "Record", "records_of"]

_TOGETHER = 1.0
"""Seconds within which values of one step are of one record."""


class Point(NamedTuple):
    """One value of one metric; ``seconds`` since 1970, UTC."""

    seconds: float
    step: int | float | None
    key: str
    value: object


class Record(NamedTuple):
    """Values that were logged together."""

    metrics: dict[str, object]
    seconds: float
    step: int | float | None


def records_of(points: Iterable[Point]) -> Iterator[Record]:
    """Yield records in the order of the points.

    Neighbours of the same step, none of a key twice and none a second or more from the first, are one record, which
    has the time of the first.
    """
    record: Record | None = None
    for point in points:
        if record is not None and _belongs(point, record):
            record.metrics[point.key] = point.value
            continue
        if record is not None:
            yield record
        record = Record({point.key: point.value}, point.seconds, point.step)
    if record is not None:
        yield record


def _belongs(point: Point, record: Record) -> bool:
    return (
        point.step == record.step
        and point.key not in record.metrics
        and abs(point.seconds - record.seconds) < _TOGETHER
    )
