"""``metrics.parquet``: the columns of the first bytes of a run's metrics, written once, read in a tenth of the time.

It lies beside the lines, which stay the truth: any reader takes what it covers and parses only what came after. What
it covers is written in it together with a fingerprint of those bytes; where they do not agree with the lines, or it
is damaged or of another format, it is as if it were not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import polars as pl

from trackside.tracking.atomic import aside
from trackside.tracking.folder import RunFolder
from trackside.tracking.reading.fast import Lines, Mixed, as_in, common_schema, joined, read_lines, read_pieces
from trackside.tracking.reading.moments import as_moments

__all__ = ["WORTH", "Compacted", "Part", "compact", "fingerprint", "open_compacted", "write_compacted"]

FORMAT = 1
WORTH = 4 << 20
"""Bytes of lines from which on a Parquet is worth its file: below, they are parsed in 25 ms, and it is read in 3."""
_KEY = "trackside"
_GROUP = 1 << 16
"""Rows that are read together: a part of a long run is read in a millisecond, and the whole no slower."""
_PIECE = 4096
_PIECES = 32
_AT_ONCE = 512 << 20
"""Bytes of lines whose columns are held in memory together."""
_PIECES_OF = ".table-"
_STALE = 3600.0


class Part(NamedTuple):
    """What is covered of one file: its first bytes, the rows and torn lines in them, and their fingerprint."""

    bytes: int
    rows: int
    torn: int
    fingerprint: str


class Compacted(NamedTuple):
    """A Parquet that agrees with the lines: what it covers of each file, in the order of its rows, and its columns."""

    path: Path
    parts: dict[str, Part]
    columns: tuple[str, ...]

    def read(self, columns: list[str] | None = None) -> dict[str, pl.DataFrame] | None:
        """Return these columns (None: all) by file; None when it went or was replaced meanwhile."""
        try:
            with self.path.open("rb") as file:
                if _parts(file) != self.parts:
                    return None
                frame = pl.read_parquet(file, columns=columns)
        except (OSError, pl.exceptions.PolarsError):
            return None
        if frame.height != sum(part.rows for part in self.parts.values()):
            return None
        frames, first = {}, 0
        for name, part in self.parts.items():
            frames[name] = frame.slice(first, part.rows)
            first += part.rows
        return frames

    def read_rows(self, name: str, first: int, count: int, columns: list[str]) -> pl.DataFrame | None:
        """Return ``count`` rows of a file from row ``first`` on, of these columns; None when the Parquet was replaced meanwhile."""
        start = 0
        for other, part in self.parts.items():
            if other == name:
                break
            start += part.rows
        try:
            rows = pl.scan_parquet(self.path).slice(start + first, count).select(columns).collect()
            with self.path.open("rb") as file:
                same = _parts(file) == self.parts
        except (OSError, pl.exceptions.PolarsError):
            return None
        return rows if same and rows.height == count else None


def open_compacted(folder: RunFolder) -> Compacted | None:
    """Return the Parquet of a run; None when there is none, it is not ours, or the lines are not those it was made of."""
    try:
        with folder.table.open("rb") as file:
            parts = _parts(file)
            columns = tuple(pl.read_parquet_schema(file)) if parts else ()
    except (OSError, pl.exceptions.PolarsError):
        return None
    there = {path.name: path for path in folder.metrics_files}
    if not parts or not all(name in there and _agrees(there[name], part) for name, part in parts.items()):
        return None
    return Compacted(folder.table, parts, columns)


def _parts(file: BinaryIO) -> dict[str, Part]:
    """What a Parquet says that it covers; nothing for one that is not ours."""
    written = pl.read_parquet_metadata(file).get(_KEY, "")
    file.seek(0)
    try:
        found = json.loads(written)
        if found["format"] != FORMAT:
            return {}
        return {name: Part(**part) for name, part in found["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _agrees(path: Path, part: Part) -> bool:
    try:
        return path.stat().st_size >= part.bytes and fingerprint(path, part.bytes) == part.fingerprint
    except OSError:
        return False


def fingerprint(path: Path, size: int) -> str:
    """Return what tells the first ``size`` bytes of a file from others: a digest of pieces from its start to that end.

    Lines are appended and never changed; a file that was written anew differs at once.
    """
    digest = hashlib.blake2b(str(size).encode(), digest_size=16)
    room = max(0, size - _PIECE)
    with path.open("rb", buffering=0) as file:
        for number in range(_PIECES):
            first = room * number // (_PIECES - 1)
            digest.update(os.pread(file.fileno(), min(_PIECE, size - first), first))
    return digest.hexdigest()


def compact(folder: RunFolder) -> bool:
    """Write the Parquet of a run anew if that is worth it: whether it covers everything now.

    It is not where the lines are few, and it cannot be where a key holds values of different kinds. Safe beside
    writers, readers and others who do the same; memory is bounded. Raises OSError where the folder cannot be written.
    """
    _sweep(folder)
    before = open_compacted(folder)
    sizes = {path.name: path.stat().st_size for path in folder.metrics_files}
    if sum(sizes.values()) < WORTH:
        return False
    if before and sizes == {name: part.bytes for name, part in before.parts.items()}:
        return True
    try:
        if sum(sizes.values()) > _AT_ONCE:
            _write_in_pieces(folder, before, list(sizes))
            return True
        prefix = before.read() if before else None
        known = before.parts if before and prefix is not None else {}
        fresh = {name: read_lines(folder.path / name, known[name].bytes if name in known else 0) for name in sizes}
        write_compacted(folder, before if known else None, prefix or {}, fresh)
    except Mixed:
        return False
    return True


def _sweep(folder: RunFolder) -> None:
    """Remove what a compaction left that was killed."""
    for left in (*folder.path.glob(f".{folder.table.name}.*.tmp"), *folder.path.glob(f"{_PIECES_OF}*")):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _write_in_pieces(folder: RunFolder, before: Compacted | None, names: list[str]) -> None:
    """Do what ``write_compacted`` does for files that memory should not hold: piece by piece, then all in one stream."""
    frames: list[pl.LazyFrame] = []
    parts, first = {}, 0
    with tempfile.TemporaryDirectory(prefix=_PIECES_OF, dir=folder.path) as place:
        for name in names:
            part = before.parts.get(name) if before else None
            if part:
                frames.append(pl.scan_parquet(folder.table).slice(first, part.rows))
                first += part.rows
            end, rows, torn = (part.bytes, part.rows, part.torn) if part else (0, 0, 0)
            for lines in read_pieces(folder.path / name, end, _AT_ONCE):
                piece = Path(place) / f"{len(frames)}.parquet"
                _storable(lines.frame).write_parquet(piece)
                frames.append(pl.scan_parquet(piece))
                end, rows, torn = lines.end, rows + lines.frame.height, torn + lines.torn
            parts[name] = Part(end, rows, torn, fingerprint(folder.path / name, end))
        schema = common_schema([frame.collect_schema() for frame in frames])
        whole = pl.concat([as_in(frame, frame.collect_schema(), schema) for frame in frames], how="diagonal")
        with _new_table(folder) as path:
            whole.sink_parquet(path, row_group_size=_GROUP, metadata=_said(parts))


def write_compacted(
    folder: RunFolder, before: Compacted | None, prefix: dict[str, pl.DataFrame], fresh: dict[str, Lines]
) -> None:
    """Write what was covered before and what was read after it. Raises Mixed, and OSError."""
    frames, parts = [], {}
    for name, lines in fresh.items():
        known = before.parts.get(name) if before else None
        rows = [prefix[name]] if known else []
        rows.append(_storable(lines.frame))
        frames += rows
        torn = lines.torn + (known.torn if known else 0)
        height = sum(frame.height for frame in rows)
        parts[name] = Part(lines.end, height, torn, fingerprint(folder.path / name, lines.end))
    frame = joined(frames)
    with _new_table(folder) as path:
        frame.write_parquet(path, row_group_size=_GROUP, metadata=_said(parts))


@contextlib.contextmanager
def _new_table(folder: RunFolder) -> Iterator[Path]:
    with aside(folder.table) as path:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))  # polars keeps the mode
        yield path


def _said(parts: dict[str, Part]) -> dict[str, str]:
    return {_KEY: json.dumps({"format": FORMAT, "files": {name: part._asdict() for name, part in parts.items()}})}


def _storable(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(as_moments(frame["_timestamp"])) if "_timestamp" in frame.columns else frame
