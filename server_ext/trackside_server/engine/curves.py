"""A run's metrics as curves that a screen can show: read once, minima and maxima kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from trackside.models import Metrics, Series

__all__ = ["read_curves"]

_OWN = frozenset({"_idx", "_timestamp", "step"})
_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def read_curves(
    path: Path,
    run_id: str,
    *,
    keys: Sequence[str] | None = None,
    x: str = "step",
    max_points: int = 2000,
    since: int = 0,
) -> Metrics:
    """Return the curves of a ``metrics.jsonl`` from byte ``since`` on, each of at most ``max_points`` points.

    ``x`` is ``step`` (records without one count on), ``time`` (seconds since the Unix epoch) or any key.
    """
    columns: dict[str, tuple[list[float], list[float]]] = {}
    wanted = set(keys) if keys else None
    records, position, torn = _records(path, since)
    for number, record in enumerate(records):
        at = _x_of(record, x, number)
        if at is None:
            continue
        for key, value in record.items():
            if key in _OWN or key == x or (wanted is not None and key not in wanted):
                continue
            y = _number(value)
            if y is not None:
                xs, ys = columns.setdefault(key, ([], []))
                xs.append(at)
                ys.append(y)
    series = {key: _series(xs, ys, max_points) for key, (xs, ys) in columns.items()}
    return Metrics(run_id, x, series, position, torn)


def _records(path: Path, since: int) -> tuple[Iterable[dict[str, object]], int, int]:
    try:
        with path.open("rb") as file:
            file.seek(since)
            data = file.read()
    except FileNotFoundError:
        return [], 0, 0
    end = data.rfind(b"\n") + 1
    data = data[:end]
    try:
        return (
            msgspec.json.decode(b"[" + data.strip().replace(b"\n", b",") + b"]", type=list[dict[str, object]]),
            since + end,
            0,
        )
    except msgspec.DecodeError:
        return _one_by_one(data, since + end)


def _one_by_one(data: bytes, position: int) -> tuple[list[dict[str, object]], int, int]:
    decoder = msgspec.json.Decoder(dict[str, object])
    records, torn = [], 0
    for line in data.splitlines():
        if not line:
            continue
        try:
            records.append(decoder.decode(line))
        except msgspec.DecodeError:
            torn += 1
    return records, position, torn


def _x_of(record: dict[str, object], x: str, number: int) -> float | None:
    if x == "time":
        stamp = record.get("_timestamp")
        try:
            return datetime.fromisoformat(str(stamp)).timestamp()
        except ValueError:
            return None
    if x == "step":
        step = _number(record.get("step"))
        return step if step is not None else float(_number(record.get("_idx")) or number)
    return _number(record.get(x))


def _number(value: object) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return _SPECIAL.get(value) if isinstance(value, str) else None


def _series(xs: list[float], ys: list[float], max_points: int) -> Series:
    finite = [y for y in ys if math.isfinite(y)]
    last = ys[-1]
    count = len(xs)
    if count > max_points:
        xs, ys = _downsample(xs, ys, max_points)
    return Series(
        xs,
        [y if math.isfinite(y) else None for y in ys],
        count,
        last if math.isfinite(last) else str(last).replace("inf", "Infinity").replace("nan", "NaN"),
        min(finite, default=None),
        max(finite, default=None),
    )


def _downsample(xs: list[float], ys: list[float], max_points: int) -> tuple[list[float], list[float]]:
    import numpy as np
    from tsdownsample import MinMaxDownsampler, NaNMinMaxDownsampler

    y = np.asarray(ys)
    sampler = MinMaxDownsampler() if np.isfinite(y).all() else NaNMinMaxDownsampler()
    chosen = sampler.downsample(y, n_out=max(4, max_points - max_points % 2))
    return np.asarray(xs)[chosen].tolist(), y[chosen].tolist()
