"""What is known of the metrics of runs: kept for those that have ended, looked up for those that go on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from trackside.models import FINAL
from trackside.tracking.folder import RunFolder
from trackside_server.domain.query import HasStatus, Query, Term, asks_metrics
from trackside_server.domain.record import RunRow
from trackside_server.engine.core import Core
from trackside_server.engine.known import wire_facts
from trackside_server.engine.records import size_of
from trackside_server.store import Reader

__all__ = ["look_through", "with_metrics"]

_NEWEST = 200
"""Runs that go on, and ended ones, which a query looks through at most."""
_UNSWEPT = 1_000
"""Ended runs among which those without facts are sought before the compactor went through all."""


async def look_through(core: Core, query: Query) -> None:
    """Where a query asks for metrics, have the index know those of runs that go on, or that nobody looked through yet.

    The newest of them, and so many bytes as one waits for; the others are left to the compactor. Files that did not
    change are not read again.
    """
    if not asks_metrics(query):
        return
    async with core.turn("facts of metrics"):
        rows = await core.query(lambda reader: _to_look_at(core, reader))
        found = await asyncio.to_thread(core.known.look, rows)
        changed = [(row, found[row.id]) for row in rows if row.id in found and found[row.id] != row.metrics]
        if changed:
            await core.write(lambda tx: tx.keep_metrics(changed))
        core.ended.update((row.id, None) for row, _ in changed if row.is_terminal)  # their Parquet is still to be made


def _to_look_at(core: Core, reader: Reader) -> list[RunRow]:
    running = reader.runs_page((Term(HasStatus(("running",))),), limit=_NEWEST).runs
    last = [row for row in map(reader.run, [*core.looking, *core.ended][-_NEWEST:]) if row is not None]
    lately = reader.runs_page((Term(HasStatus(tuple(FINAL))),), limit=_NEWEST if core.swept else _UNSWEPT).runs
    unknown = {row.id: row for row in [*last, *lately] if row.is_terminal and not row.metrics}
    return [*running, *list(unknown.values())[:_NEWEST]]


def with_metrics(rows: Sequence[RunRow]) -> list[RunRow]:
    """Return the rows, with the metrics of those runs that logged some and were not looked through yet; reads files."""
    return [_with_metrics(row) if not (row.is_terminal and row.metrics) else row for row in rows]


def _with_metrics(row: RunRow) -> RunRow:
    folder = RunFolder(row.run_dir)
    if not any(map(size_of, folder.metrics_files)):
        return row
    return msgspec.structs.replace(row, metrics=wire_facts(folder))
