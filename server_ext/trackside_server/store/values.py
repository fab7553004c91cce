"""The searched values and tags of runs as rows: those of a run, those that a change takes and brings, those of all runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select, tuple_, update

from trackside_server.domain.record import RunRow
from trackside_server.domain.searched import values_of, words_of
from trackside_server.store.prepared import Prepared
from trackside_server.store.rows import run_from, to_micros
from trackside_server.store.schema import run_values, runs

__all__ = ["derive_all", "forget_values", "insert_values", "tag_rows", "value_changes", "value_rows"]

_AT_ONCE = 2_000
_INSERT = Prepared(insert(run_values))
_FORGET = Prepared(
    delete(run_values).where(*(run_values.c[name] == bindparam(name) for name in ("key", "created_at", "run_id")))
)
_WORDS = Prepared(update(runs).where(runs.c.id == bindparam("of")).values(words=bindparam("words")))

_Place = tuple[str, int, str]
_Row = tuple[str, int, str, float | None, str | None, float | None, float | None]


def tag_rows(row: RunRow) -> list[dict[str, object]]:
    """Return one row for each tag of a run."""
    created_at = to_micros(row.created_at)
    return [{"tag": tag, "created_at": created_at, "run_id": row.id} for tag in dict.fromkeys(row.tags)]


def value_rows(row: RunRow) -> list[_Row]:
    """Return one row for each value of a run, in the order of the table's columns."""
    created_at, run_id = to_micros(row.created_at), row.id
    return [(key, created_at, run_id, *value) for key, value in values_of(row).items()]


def insert_values(connection: Connection, rows: Sequence[_Row]) -> None:
    """Insert values; nothing is asked of the store where there is none."""
    _INSERT.run_all(connection, rows)


def forget_values(connection: Connection, places: Sequence[_Place]) -> None:
    """Delete the values at these places."""
    _FORGET.run_all(connection, places)


def value_changes(before: RunRow | None, after: RunRow | None) -> tuple[list[_Place], list[_Row]]:
    """Return the places of the values that are to be deleted, then the rows to be inserted."""
    if before is not None and after is not None and _same(before, after):
        return [], []
    old, new = _by_place(before), _by_place(after)
    gone = [place for place, row in old.items() if row != new.get(place)]
    return gone, [row for place, row in new.items() if row != old.get(place)]


def _by_place(row: RunRow | None) -> dict[_Place, _Row]:
    return {value[:3]: value for value in value_rows(row)} if row is not None else {}


def _same(before: RunRow, after: RunRow) -> bool:
    return (before.created_at, before.config, before.summary, before.metrics) == (
        after.created_at, after.config, after.summary, after.metrics,
    )  # fmt: skip


def derive_all(connection: Connection) -> None:
    """Derive words and values of every run anew, oldest first, so that each key's rows are appended in their order."""
    connection.execute(delete(run_values))
    for rows in _batches(connection):
        _WORDS.run_many(connection, [{"of": row.id, "words": words_of(row)} for row in rows])
        insert_values(connection, sorted(value for row in rows for value in value_rows(row)))


def _batches(connection: Connection) -> Iterator[Sequence[RunRow]]:
    after: tuple[int, str] = (-(2**63), "")
    while True:
        following = tuple_(runs.c.created_at, runs.c.id) > after
        oldest = select(runs.c.facts).where(following).order_by(runs.c.created_at, runs.c.id).limit(_AT_ONCE)
        rows = [run_from(facts) for facts in connection.execute(oldest).scalars()]
        if not rows:
            return
        yield rows
        after = (to_micros(rows[-1].created_at), rows[-1].id)
