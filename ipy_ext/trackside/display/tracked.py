"""What ``%track`` gives: the panel, and its table and curves as DataFrames, as they are when one asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from trackside.client.frames import need_library
from trackside.sdk.goals import best, goal
from trackside.sdk.measured import Measured, facts, series_of
from trackside.sdk.measured import columns as metric_columns

if TYPE_CHECKING:
    from pandas import DataFrame

    from trackside.client import Client
    from trackside.models import RunInfo

__all__ = ["Tracked"]


class Tracked:
    """Curves of runs. ``data`` has one row for each run, ``curves(KEY)`` one column; both are read anew each time."""

    def __init__(
        self,
        client: Callable[[], Client],
        runs: Sequence[RunInfo],
        keys: Sequence[str],
        x: str,
        text: str,
        show: Callable[[], None] | None,
    ) -> None:
        self._client = client
        self._ids = [run.id for run in runs]
        self._keys = tuple(keys)
        self._x = x
        self._text = text
        self._show = show

    def __repr__(self) -> str:
        return self._text

    def _ipython_display_(self) -> None:
        """Show the panel, unless it stands in this very cell already; a terminal shows the text."""
        if self._show is None:
            raise NotImplementedError
        self._show()

    @property
    def data(self) -> DataFrame:
        """One row for each run: ``name``, ``status``, of each metric ``KEY.last``, ``KEY.min`` and ``KEY.max``, and ``best``.

        The best run is the one that leads in the first metric whose name says which way is better.
        """
        need_library("pandas")
        import pandas as pd

        client = self._client()
        runs = [client.runs.get(run) for run in self._ids]
        found = series_of(client, self._ids, self._keys, self._x)
        columns: dict[str, Sequence[object]] = {
            "name": [run.name for run in runs],
            "status": [run.status for run in runs],
            **metric_columns(found),
        }
        leader = _leader(found, self._keys)
        columns["best"] = [place == leader for place in range(len(runs))]
        return pd.DataFrame(columns, index=pd.Index(self._ids, name="run"))

    def curves(self, key: str) -> DataFrame:
        """One metric over the axis of the panel, which is the index: every point, one column per run id."""
        need_library("pandas")
        import pandas as pd

        from trackside.errors import NotFound, near

        client = self._client()
        asked = {run: client.runs.metrics(run, [key], x=self._x, max_points=0).series for run in self._ids}
        found = {run: series[key] for run, series in asked.items() if key in series}
        if not found:
            known = sorted({key for series in series_of(client, self._ids, x=self._x) for key in series})
            hint = near(key, known) or f"Logged: {', '.join(known) or 'nothing yet'}."
            raise NotFound(f"No run here logged {key!r}.", hint=hint)
        columns = [
            pd.Series(series.y, index=series.x, name=run, dtype=float).groupby(level=0).last()
            for run, series in found.items()
        ]
        return pd.concat(columns, axis=1).sort_index().rename_axis(self._x)


def _leader(found: Measured, keys: Sequence[str]) -> int | None:
    """Return who leads in the first metric that says which way is better: as asked for, else losses first, as the panel."""
    if len(found) < 2:
        return None
    logged = dict.fromkeys(key for series in found for key in series)
    for key in keys or sorted(logged, key=lambda key: {"min": 0, "max": 1}.get(str(goal(key)), 2)):
        towards = goal(key)
        if towards is not None:
            return best(facts(found, key, towards), towards)
    return None
