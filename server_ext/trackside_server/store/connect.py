"""Connections to the store's file, with all that is SQLite's own."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from trackside_server.store.filesystem import on_shared_file_system

if TYPE_CHECKING:
    import sqlite3

__all__ = [
    "BUSY_SECONDS",
    "WRITES",
    "apart",
    "data_version",
    "ensure_file",
    "has_safe_journal",
    "in_transaction",
    "make_engine",
    "schema_version",
    "set_cascades",
    "set_durable",
    "set_safe_journal",
    "watch_connection",
]

BUSY_SECONDS = 5.0
"""How long SQLite itself waits for another process's lock before it says that it is busy."""
WRITES = "trackside_writes"
"""Execution option of a connection whose transactions take the write lock at once."""


def ensure_file(path: Path) -> None:
    """Make the store's file, for its owner only, where there is none."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o600)


def make_engine(path: Path) -> Engine:
    """Return an engine whose connections may be used by one thread after the other."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=3,
        max_overflow=5,
        query_cache_size=128,
        connect_args={"check_same_thread": False, "isolation_level": None, "timeout": BUSY_SECONDS},
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def has_safe_journal(connection: Connection, path: Path) -> bool:
    """Return whether the journal is one that is safe on the file system; call it outside a transaction."""
    (present,) = _raw(connection).execute("PRAGMA journal_mode").fetchone()
    return str(present).lower() == _safe_journal(path)


def set_safe_journal(connection: Connection, path: Path) -> None:
    """Choose the journal that is safe on the file system; call it outside a transaction."""
    _raw(connection).execute(f"PRAGMA journal_mode={_safe_journal(path)}").fetchone()


def in_transaction(connection: Connection) -> bool:
    """Return whether a transaction is open; SQLite ends one by itself when the disk fails."""
    return _raw(connection).in_transaction


def set_durable(connection: Connection, durable: bool) -> None:
    """Say whether the next commit must be on the disk before it returns; call it outside a transaction."""
    _raw(connection).execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")


@contextmanager
def apart(connection: Connection) -> Iterator[None]:
    """Undo what the block did, and nothing else of the transaction, when it raises.

    Said to the driver itself: with SQLAlchemy's own savepoint a group of small writes costs twice as much.
    """
    raw = _raw(connection)
    raw.execute("SAVEPOINT apart")
    try:
        yield
    except BaseException:
        if raw.in_transaction:  # SQLite ends the whole transaction by itself when the disk fails
            raw.execute("ROLLBACK TO apart")
            raw.execute("RELEASE apart")
        raise
    raw.execute("RELEASE apart")


def set_cascades(connection: Connection, on: bool) -> None:
    """Say whether a deleted row takes its children along; call it outside a transaction."""
    _raw(connection).execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def schema_version(connection: Connection) -> int:
    """Return a number that changes with every change of the tables, by whomever."""
    return int(_raw(connection).execute("PRAGMA schema_version").fetchone()[0])


def watch_connection(path: Path) -> sqlite3.Connection:
    """Return a bare connection on which ``data_version`` costs next to nothing."""
    import sqlite3

    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA query_only=ON")
    return connection


def data_version(connection: sqlite3.Connection) -> int:
    """Return a number that changes with every commit of any other connection."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _safe_journal(path: Path) -> str:
    """A write-ahead log needs memory that all users of the file share: several machines have none."""
    return "delete" if on_shared_file_system(path) else "wal"


def _set_up(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in (
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "temp_store=MEMORY",
        "cache_size=-1024",
        "journal_size_limit=16777216",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Begin as SQLite understands it: the driver's own implicit transactions are switched off."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _raw(connection: Connection) -> sqlite3.Connection:
    raw: sqlite3.Connection | None = connection.connection.driver_connection
    assert raw is not None
    return raw
