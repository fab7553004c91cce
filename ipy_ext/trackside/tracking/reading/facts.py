"""What can be said of each metric of a run in four numbers."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass

from trackside.tracking.folder import RunFolder
from trackside.tracking.reading.choice import use_polars
from trackside.tracking.reading.kinds import as_float
from trackside.tracking.reading.plain import OWN, read_plainly

__all__ = ["MetricFacts", "metric_facts"]


@dataclass(frozen=True, slots=True)
class MetricFacts:
    """How many numbers were logged, the last one as it was logged, and the least and greatest of the finite ones."""

    count: int
    last: float
    min: float | None
    max: float | None


def metric_facts(run_dir: str | os.PathLike[str]) -> dict[str, MetricFacts]:
    """Return the facts of each key of a run that has numbers; what is no number (bool, text, None) is passed over.

    ``last`` may be NaN or infinite. Reads all of the run's metrics, from its Parquet where there is one.
    """
    folder = RunFolder(run_dir)
    if use_polars(folder):
        from trackside.tracking.reading.columns import read_columns
        from trackside.tracking.reading.fast import Mixed
        from trackside.tracking.reading.frame_facts import facts_of_frame

        try:
            return facts_of_frame(read_columns(folder, unused={"_idx", "_timestamp", "step"}).frame)
        except Mixed:
            pass
    return facts_of_records(read_plainly(folder).records)


def facts_of_records(records: Iterable[dict[str, object]]) -> dict[str, MetricFacts]:
    """Return the facts of records in the order of logging."""
    numbers: dict[str, list[float]] = {}
    for record in records:
        for key, value in record.items():
            if isinstance(value, (int, float)) and not isinstance(value, bool) and key not in OWN:
                numbers.setdefault(key, []).append(as_float(value))
    return {key: _facts(values) for key, values in numbers.items()}


def _facts(values: list[float]) -> MetricFacts:
    finite = [value for value in values if math.isfinite(value)]
    return MetricFacts(len(values), values[-1], min(finite, default=None), max(finite, default=None))
