"""Whether a run is read with polars: it is there, and worth its import."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import sys

from trackside.tracking.folder import RunFolder

__all__ = ["has_polars", "use_polars"]

_FEW = 1 << 20
"""Bytes of lines that are parsed plainly before polars is imported."""
_FIRST = 2
"""The first version that refuses what it cannot read exactly in all the cases that our tests know."""


def has_polars() -> bool:
    """Whether polars is there, of a version that is read with."""
    return importlib.util.find_spec("polars") is not None and _major() >= _FIRST


@functools.cache
def _major() -> int:
    try:
        return int(importlib.metadata.version("polars").split(".")[0])
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return 0


def use_polars(folder: RunFolder) -> bool:
    """Whether the metrics of this run are read with polars."""
    if not has_polars():
        return False
    return "polars" in sys.modules or sum(path.stat().st_size for path in folder.metrics_files) >= _FEW
