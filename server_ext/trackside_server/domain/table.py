"""Runs as columns: one row per run, one column per setting, summary value and bound of a metric. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from trackside_server.domain.record import RunRow

__all__ = ["MOST_COLUMNS", "columns_of", "settings_of"]

MOST_COLUMNS = 2_000
"""Columns of one table; further keys are left out, those of the newest runs come first."""
_DEEPEST = 32
Columns = dict[str, list[object]]


def columns_of(rows: Sequence[RunRow], now: datetime) -> Columns:
    """Return the columns of these runs: what all runs have first, then settings, summary and metrics.

    Settings are ``config.KEY``, summary values ``summary.KEY``, nested keys joined by dots, metrics ``KEY.last``,
    ``KEY.min`` and ``KEY.max``. ``duration`` is in seconds, of a run that goes on up to ``now``.
    """
    found: Columns = {
        "id": [row.id for row in rows],
        "name": [row.name for row in rows],
        "status": [row.status for row in rows],
        "tags": [list(row.tags) for row in rows],
        "started": [row.started_at for row in rows],
        "duration": [_duration(row, now) for row in rows],
    }
    _put(found, "config.", [row.config for row in rows])
    _put(found, "summary.", [row.summary for row in rows])
    _put_metrics(found, rows)
    return found


def settings_of(rows: Sequence[RunRow]) -> Columns:
    """Return the settings of these runs as columns, nested keys joined by dots; None where a run has no such setting."""
    found: Columns = {}
    _put(found, "", [row.config for row in rows])
    return found


def _put(found: Columns, before: str, values: Sequence[Mapping[str, object]]) -> None:
    shelf = _Shelf(found, before, len(values))
    for place, each in enumerate(values):
        shelf.put(place, each)


def _duration(row: RunRow, now: datetime) -> float | None:
    if row.duration_seconds is not None or row.is_terminal or row.started_at is None:
        return row.duration_seconds
    return max(0.0, (now - row.started_at).total_seconds())


def _column(found: Columns, name: str, length: int) -> list[object]:
    """The column of this name, made where there is none; one that is thrown away where there are too many."""
    if name not in found and len(found) >= MOST_COLUMNS:
        return [None] * length
    return found.setdefault(name, [None] * length)


class _Shelf:
    """The columns of the keys at one level, and the levels below; each name is put together once, not for every run."""

    def __init__(self, found: Columns, before: str, length: int, levels: int = _DEEPEST) -> None:
        self._found = found
        self._before = before
        self._length = length
        self._levels = levels
        self._columns: dict[str, list[object]] = {}
        self._below: dict[str, _Shelf] = {}

    def put(self, place: int, values: Mapping[str, object]) -> None:
        """Take the values of the run at this place; of two of one name the first stays."""
        columns = self._columns
        for key, value in values.items():
            if type(value) is dict and value and self._levels:
                self._level(key).put(place, value)
                continue
            column = columns.get(key)
            if column is None:
                column = columns[key] = _column(self._found, self._before + key, self._length)
            if column[place] is None:
                column[place] = value

    def _level(self, key: str) -> _Shelf:
        level = self._below.get(key)
        if level is None:
            level = self._below[key] = _Shelf(self._found, f"{self._before}{key}.", self._length, self._levels - 1)
        return level


def _put_metrics(found: Columns, rows: Sequence[RunRow]) -> None:
    columns: dict[str, tuple[list[object], list[object], list[object]]] = {}
    for place, row in enumerate(rows):
        for key, facts in row.metrics.items():
            three = columns.get(key)
            if three is None:
                last, low, high = (_column(found, f"{key}.{part}", len(rows)) for part in ("last", "min", "max"))
                three = columns[key] = (last, low, high)
            three[0][place], three[1][place], three[2][place] = facts.last, facts.min, facts.max
