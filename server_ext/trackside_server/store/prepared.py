"""Statements of the hot paths: written as all others, compiled once, then given to the driver as text.

SQLAlchemy's own execution of one statement costs several times what SQLite needs to perform it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Executable
from sqlalchemy.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Prepared"]

_NOTHING: Mapping[str, object] = {}


class Prepared:
    """A statement whose parameters are named by its ``bindparam``s, or by ``columns`` for an insert."""

    def __init__(self, statement: Executable, *columns: str) -> None:
        self._statement = statement
        self._columns = columns or None
        self._text = ""
        self._names: Sequence[str] = ()
        self._fixed: Mapping[str, object] = _NOTHING

    def run(self, connection: Connection, row: Mapping[str, object] = _NOTHING) -> sqlite3.Cursor:
        """Perform it with these parameters, within the connection's transaction."""
        raw = self._ready(connection)
        return raw.execute(self._text, self._values(row))

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Perform it once for each row."""
        if rows:
            raw = self._ready(connection)
            raw.executemany(self._text, [self._values(row) for row in rows])

    def run_all(self, connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
        """Perform it once for each row, whose values stand in the order of the statement's parameters."""
        if rows:
            self._ready(connection).executemany(self._text, rows)

    def _values(self, row: Mapping[str, object]) -> list[object]:
        fixed = self._fixed
        return [row[name] if name in row else fixed[name] for name in self._names]

    def _ready(self, connection: Connection) -> sqlite3.Connection:
        if not self._text:
            compiled = self._statement.compile(  # type: ignore[attr-defined]  # every statement has it
                dialect=connection.dialect, column_keys=self._columns
            )
            assert isinstance(compiled, SQLCompiler)
            self._names = compiled.positiontup or ()
            self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
            self._text = str(compiled)
        raw: sqlite3.Connection | None = connection.connection.driver_connection
        assert raw is not None
        return raw
