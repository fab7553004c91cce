"""The facts of the metrics of runs, read from their folders, and again only where their files changed."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from trackside.models import MetricFacts
from trackside.tracking.folder import RunFolder
from trackside.tracking.reading import metric_facts
from trackside_server.domain.record import RunRow

__all__ = ["MANY", "Facts", "KnownFacts", "metrics_size", "wire_facts"]

MANY = 1 << 20
"""Bytes of lines that it takes a while to read."""
_MOST_BYTES = 64 << 20
_MOST_RUNS = 2_000
_REST = 10.0
"""Many lines are not read again before so many times the time that reading them took."""

Facts = dict[str, MetricFacts]


@dataclass(frozen=True, slots=True)
class _Read:
    size: int
    facts: Facts
    rests_until: float = 0.0


class KnownFacts:
    """What was read of runs that go on or have just ended. One thread at a time."""

    def __init__(self) -> None:
        self._read: dict[str, _Read] = {}

    def look(self, rows: Sequence[RunRow], most_bytes: int = _MOST_BYTES) -> dict[str, Facts]:
        """Return the facts of these runs by id; without those that cannot be read, and those beyond so many bytes."""
        if len(self._read) > _MOST_RUNS:
            self._read.clear()
        found: dict[str, Facts] = {}
        for row in rows:
            folder, known = RunFolder(row.run_dir), self._read.get(row.id)
            size = metrics_size(folder)
            rests = known is not None and not row.is_terminal and time.monotonic() < known.rests_until
            if known is None or (size != known.size and not rests):
                if size > most_bytes:
                    continue
                most_bytes -= size
                known = _look_through(folder, size)
            if known is not None:
                self._read[row.id] = known
                found[row.id] = known.facts
        return found


def _look_through(folder: RunFolder, size: int) -> _Read | None:
    if not size:
        return _Read(0, {})
    began = time.monotonic()
    try:
        facts = wire_facts(folder)
    except (OSError, ValueError):
        return None
    now = time.monotonic()
    return _Read(size, facts, now + _REST * (now - began) if size > MANY else 0.0)


def metrics_size(folder: RunFolder) -> int:
    """Return the bytes of all metrics of a run, 0 where there are none (any more)."""
    try:
        return sum(path.stat().st_size for path in folder.metrics_files)
    except OSError:
        return 0


def wire_facts(folder: RunFolder) -> Facts:
    """Return the facts of a run's metrics as the index keeps them."""
    return {
        key: MetricFacts(each.count, _spelt(each.last), each.min, each.max)
        for key, each in metric_facts(folder.path).items()
    }


def _spelt(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
