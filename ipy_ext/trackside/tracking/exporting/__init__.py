"""Writes what runs recorded as CSV, Parquet or JSON, for other programs; needs no server."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trackside.tracking.exporting.find import find_runs
    from trackside.tracking.exporting.write import FORMATS, Exported, export_runs

__all__ = ["FORMATS", "Exported", "export_runs", "find_runs"]

_HOMES = {"FORMATS": "write", "Exported": "write", "export_runs": "write", "find_runs": "find"}


def __getattr__(name: str) -> object:
    """Load a name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
