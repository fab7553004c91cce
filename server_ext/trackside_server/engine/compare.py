"""Compare: runs side by side, what differs first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from trackside.errors import InvalidInput
from trackside.models import Comparison, ConfigRow, MetricRow, Series
from trackside.tracking.folder import RunFolder
from trackside_server.domain.record import RunRow
from trackside_server.domain.table import settings_of
from trackside_server.engine import runs
from trackside_server.engine.aligned import aligned
from trackside_server.engine.core import Core
from trackside_server.engine.environment import environment_rows
from trackside_server.engine.facts import with_metrics
from trackside_server.engine.sources import source_diffs, without_source

__all__ = ["compare"]

_MOST = 50
_MOST_POINTS = 2_000
Curves = Mapping[str, Series]


async def compare(
    core: Core, ids: Sequence[str], *, keys: Sequence[str] | None = None, x: str = "step", max_points: int = 500
) -> Comparison:
    """Return configuration, metrics, environment and source of runs, row by row, and their curves over one axis.

    ``keys`` chooses curves, ``x`` is what they lie over (``time``: seconds since each began), ``max_points`` how many places they have at most (0: no curves).
    """
    if not 1 <= len(ids) <= _MOST:
        raise InvalidInput(f"{len(ids)} runs cannot be compared.", hint=f"Name 2 to {_MOST}: ids=job-1,job-2.")
    if not 0 <= max_points <= _MOST_POINTS:
        raise InvalidInput(f"max_points: {max_points} is out of range.", hint=f"Choose from 0 to {_MOST_POINTS}.")
    rows = [await runs.resolve(core, text) for text in ids]
    curves = [await _curves(core, row, keys, x) if max_points else {} for row in rows]
    return await asyncio.to_thread(_compare, core, rows, curves, x, max_points)


async def _curves(core: Core, row: RunRow, keys: Sequence[str] | None, x: str) -> Curves:
    path = RunFolder(row.run_dir).metrics
    return (await core.curves.read(path, row.id, keys=keys, x=x, max_points=_MOST_POINTS)).series


def _compare(core: Core, rows: list[RunRow], curves: list[Curves], x: str, max_points: int) -> Comparison:
    rows = with_metrics(rows)
    ids, folders = [row.id for row in rows], [RunFolder(row.run_dir) for row in rows]
    logged = dict.fromkeys(key for found in curves for key in found)
    return Comparison(
        [core.wire_run(row) for row in rows],
        _config_rows(rows),
        _metric_rows(rows),
        environment_rows(folders),
        source_diffs(ids, folders),
        x,
        aligned(curves, list(logged), max_points, from_first=x == "time"),
        without_source(ids, folders),
    )


def _metric_rows(rows: list[RunRow]) -> list[MetricRow]:
    keys = dict.fromkeys(key for row in rows for key in row.metrics)
    found = [[row.metrics.get(key) for row in rows] for key in keys]
    return [
        MetricRow(
            key,
            [facts.last if facts else None for facts in each],
            [facts.min if facts else None for facts in each],
            [facts.max if facts else None for facts in each],
        )
        for key, each in zip(keys, found, strict=True)
    ]


def _config_rows(rows: list[RunRow]) -> list[ConfigRow]:
    found = [
        ConfigRow(key, values, any(value != values[0] for value in values[1:]))
        for key, values in settings_of(rows).items()
    ]
    return sorted(found, key=lambda row: not row.differs)
