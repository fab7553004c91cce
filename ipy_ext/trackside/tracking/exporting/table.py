"""Runs as one wide table: a row per record, a column per key; the run's id and name first where there are several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trackside.tracking.exporting.contents import Contents

__all__ = ["RUN_COLUMNS", "columns_of", "heading", "rows_of"]

RUN_COLUMNS = ("run_id", "run_name")


def columns_of(runs: Sequence[Contents]) -> list[str]:
    """Return the keys that the records of these runs have, ours first."""
    seen = dict.fromkeys(key for run in runs for key in run.keys())  # noqa: SIM118  not a mapping
    ours = [key for key in ("_idx", "_timestamp", "step") if key in seen]
    return [*ours, *(key for key in seen if key not in ours)]


def rows_of(runs: Sequence[Contents], columns: Sequence[str]) -> Iterator[list[object]]:
    """Yield the values of each record in these columns, None where it has none."""
    several = len(runs) > 1
    for run in runs:
        before: list[object] = [run.run_id, run.name] if several else []
        for record in run.records():
            get = record.get
            yield [*before, *[get(key) for key in columns]]


def heading(runs: Sequence[Contents], columns: Sequence[str]) -> list[str]:
    """Return the names of the columns; a metric that is called as the column of a run gets ``metric.`` before it."""
    if len(runs) <= 1:
        return list(columns)
    return [*RUN_COLUMNS, *(f"metric.{key}" if key in RUN_COLUMNS else key for key in columns)]
