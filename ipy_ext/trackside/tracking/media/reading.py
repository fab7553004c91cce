"""Reads the records of a run's media."""

from __future__ import annotations

import os

from trackside.tracking.folder import RunFolder
from trackside.tracking.records import read_records

__all__ = ["read_media"]


def read_media(run_dir: str | os.PathLike[str]) -> list[dict[str, object]]:
    """Return the records of a run's media in the order in which they were logged; ``[]`` when there are none.

    Each has ``_timestamp``, ``step``, ``key``, ``kind`` and ``path`` (below ``artifacts/``), and the facts of its kind.
    """
    return read_records(RunFolder(run_dir).media).records
