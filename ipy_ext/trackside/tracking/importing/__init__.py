"""Brings what other trackers wrote into run folders of ours; needs no server, and each library only when it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trackside.tracking.importing.bring import KINDS, Imported, NotImported, import_runs

__all__ = ["KINDS", "Imported", "NotImported", "import_runs"]


def __getattr__(name: str) -> object:
    """Load a name when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from trackside.tracking.importing import bring

    found = getattr(bring, name)
    globals()[name] = found
    return found
