"""Compare: runs side by side, what differs first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from trackside.errors import InvalidInput
from trackside.models import Comparison, ConfigRow, MetricRow
from trackside.tracking.folder import RunFolder
from trackside_server.domain.record import RunRow
from trackside_server.engine import runs
from trackside_server.engine.core import Core
from trackside_server.engine.curves import read_curves

__all__ = ["compare"]

_MOST = 50


async def compare(core: Core, ids: Sequence[str]) -> Comparison:
    """Return configuration and metrics of two or more runs, row by row."""
    if not 1 <= len(ids) <= _MOST:
        raise InvalidInput(f"{len(ids)} runs cannot be compared.", hint=f"Name 2 to {_MOST}: ids=job-1,job-2.")
    rows = [await runs.resolve(core, text) for text in ids]
    return await asyncio.to_thread(_compare, core, rows)


def _compare(core: Core, rows: list[RunRow]) -> Comparison:
    curves = [read_curves(RunFolder(row.run_dir).metrics, row.id, max_points=4).series for row in rows]
    keys = dict.fromkeys(key for series in curves for key in series)
    metrics = [
        MetricRow(
            key,
            [found[key].last if key in found else None for found in curves],
            [found[key].min if key in found else None for found in curves],
            [found[key].max if key in found else None for found in curves],
        )
        for key in keys
    ]
    return Comparison([core.wire_run(row) for row in rows], _config_rows(rows), metrics)


def _config_rows(rows: list[RunRow]) -> list[ConfigRow]:
    keys = dict.fromkeys(key for row in rows for key in row.config)
    found = []
    for key in keys:
        values = [row.config.get(key) for row in rows]
        found.append(ConfigRow(key, values, any(value != values[0] for value in values[1:])))
    return sorted(found, key=lambda row: not row.differs)
