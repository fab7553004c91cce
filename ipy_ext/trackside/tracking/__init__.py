"""Tracking: runs, their folders and records. Standard library only; works with no server."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trackside.tracking.current import current_run, init, log, progress
    from trackside.tracking.folder import RunFolder
    from trackside.tracking.media.reading import read_media
    from trackside.tracking.records import read_meta, read_metrics, read_progress, read_records, read_system
    from trackside.tracking.run import Run

__all__ = [
    "Run", "RunFolder", "current_run", "init", "log", "progress", "read_media", "read_meta", "read_metrics", "read_progress",
    "read_records", "read_system",
]  # fmt: skip

_HOMES = {
    "Run": "run",
    "RunFolder": "folder",
    "current_run": "current",
    "init": "current",
    "log": "current",
    "progress": "current",
    "read_media": "media.reading",
    "read_meta": "records",
    "read_metrics": "records",
    "read_progress": "records",
    "read_records": "records",
    "read_system": "records",
}


def __getattr__(name: str) -> object:
    """Load a name when it is first used: a runner needs the folder alone."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
