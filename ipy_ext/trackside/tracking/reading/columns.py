"""The columns of a run: from its Parquet as far as that goes, from the lines after it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

import polars as pl

from trackside.tracking.folder import RunFolder
from trackside.tracking.reading.fast import Lines, Mixed, frame_of_records, joined, read_lines
from trackside.tracking.reading.moments import as_moments
from trackside.tracking.reading.parquet import WORTH, Compacted, open_compacted, write_compacted
from trackside.tracking.records import read_records

__all__ = ["Columns", "read_columns"]

_LOG = logging.getLogger("trackside")
_TIME = "_timestamp"
_LATER = 0.3
"""Seconds after which the Parquet is written: the reader is done by then, and need not share the processors."""
_writing: set[Path] = set()


class Columns(NamedTuple):
    """One row for each record, those of several hosts by their times, and the number of torn lines."""

    frame: pl.DataFrame
    torn: int


def read_columns(
    folder: RunFolder, wanted: Collection[str] | None = None, unused: Collection[str] = frozenset()
) -> Columns:
    """Return the columns of these keys (None: all but those ``unused``); a key that no record has is left out.

    Raises Mixed.

    ``_timestamp`` is a moment in UTC. Whoever reads much that no Parquet covers leaves one behind, in the background.
    """
    files = folder.metrics_files
    choice = _Choice(wanted, set(unused) - ({_TIME} if len(files) > 1 else set()), len(files) > 1)
    before, prefix = _prefix(folder, choice)
    fresh = {path.name: read_lines(path, before.parts[path.name].bytes if before and path.name in before.parts else 0) for path in files}  # fmt: skip
    frames = []
    for path in files:
        lines = fresh[path.name]
        frames += [prefix[path.name]] if path.name in prefix else []
        frames += [choice.of(lines.frame), choice.of(_unfinished(path, lines.end))]
    frame = joined(frames)
    if len(files) > 1 and _TIME in frame.columns:
        frame = frame.sort(_TIME, maintain_order=True)
    torn = sum(lines.torn for lines in fresh.values())
    torn += sum(part.torn for part in before.parts.values()) if before else 0
    _compact_soon(folder, before, fresh)
    return Columns(frame, torn)


class _Choice(NamedTuple):
    """Which columns are wanted; for the order of several hosts also the times."""

    wanted: Collection[str] | None
    unused: Collection[str]
    timed: bool

    def names(self, columns: Iterable[str]) -> list[str]:
        return [
            name
            for name in columns
            if (self.wanted is None or name in self.wanted or (self.timed and name == _TIME))
            and name not in self.unused
        ]

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        names = self.names(frame.columns)
        frame = frame.select(names) if names else pl.DataFrame(height=frame.height)
        return frame.with_columns(as_moments(frame[_TIME])) if _TIME in names else frame


def _prefix(folder: RunFolder, choice: _Choice) -> tuple[Compacted | None, dict[str, pl.DataFrame]]:
    before = open_compacted(folder)
    prefix = before.read(choice.names(before.columns) or list(before.columns[:1])) if before else None
    if prefix is None:
        return None, {}
    return before, {name: choice.of(frame) for name, frame in prefix.items()}


def _unfinished(path: Path, end: int) -> pl.DataFrame:
    """The record at the end of a file that has no newline yet, if it is whole."""
    return frame_of_records(read_records(path, end).records)


def _compact_soon(folder: RunFolder, before: Compacted | None, fresh: dict[str, Lines]) -> None:
    """Write the Parquet in the background if what was parsed is much, beside what it covers already."""
    covered = sum(part.bytes for part in before.parts.values()) if before else 0
    parsed = sum(lines.end for lines in fresh.values()) - covered
    if parsed < max(WORTH, covered // 4) or folder.path in _writing or not os.access(folder.path, os.W_OK):
        return
    _writing.add(folder.path)
    later = threading.Timer(_LATER, _compact, (folder, before, fresh))
    later.name = "trackside-compact"
    later.start()


def _compact(folder: RunFolder, before: Compacted | None, fresh: dict[str, Lines]) -> None:
    try:
        prefix = before.read() if before else {}
        if prefix is not None:
            write_compacted(folder, before, prefix, fresh)
    except (Mixed, OSError, pl.exceptions.PolarsError) as error:
        _LOG.debug("%s is not compacted: %s", folder.path, error)
    finally:
        _writing.discard(folder.path)
