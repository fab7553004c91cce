"""A store that is to be replaced: whether it is whole, what can be saved of it, and how another takes its place."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["is_whole", "put_in_place", "salvaged_counter"]

_BESIDE = ("", "-wal", "-shm", "-journal")


def is_whole(path: Path) -> bool:
    """Return whether there is a store that SQLite finds nothing wrong with."""
    try:
        with _opened(path) as connection:
            tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'jobs'").fetchone()
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
            return bool(tables[0]) and found == ("ok",)
    except (OSError, sqlite3.Error):
        return False


def salvaged_counter(path: Path) -> int:
    """Return the last number that a damaged store gave to a job, 0 where it does not tell any more."""
    try:
        with _opened(path) as connection:
            row = connection.execute("SELECT value FROM counters WHERE name = 'job'").fetchone()
            return int(row[0]) if row else 0
    except (OSError, ValueError, sqlite3.Error):
        return 0


def put_in_place(fresh: Path, path: Path) -> str | None:
    """Rename what is there out of the way and ``fresh`` to ``path``; return the name under which the old one is kept."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    kept = path.exists()
    for end in _BESIDE:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{end}").rename(f"{aside}{end}")
    fresh.rename(path)
    return aside.name if kept else None


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file() or not path.stat().st_size:
        raise FileNotFoundError(path)
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()
