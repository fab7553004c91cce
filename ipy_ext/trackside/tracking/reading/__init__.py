"""Reading: the metrics of a run as a table or as facts, from its lines and from the Parquet beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trackside.tracking.reading.facts import MetricFacts, metric_facts
    from trackside.tracking.reading.parquet import compact
    from trackside.tracking.reading.table import metrics_table

__all__ = ["MetricFacts", "compact", "metric_facts", "metrics_table"]

_HOMES = {"MetricFacts": "facts", "compact": "parquet", "metric_facts": "facts", "metrics_table": "table"}


def __getattr__(name: str) -> object:
    """Load a name when it is first used: most of it needs polars or pandas."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
