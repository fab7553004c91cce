"""Compact: once a run has ended, the facts of its metrics go into the index and, if they are many, its Parquet is made.

One run after the other, in the background. What is small is read here, in a thread, a little at a time; the rest in a
process of the lowest priority that ends with it, so that neither its memory nor its work is the server's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import msgspec

from trackside.models import Event, JobChanged, RunChanged
from trackside.tracking.folder import RunFolder
from trackside.tracking.reading.choice import has_polars
from trackside_server.domain.record import RunRow
from trackside_server.engine.aside import said_aside
from trackside_server.engine.core import LOG, Core
from trackside_server.engine.known import MANY, Facts, metrics_size, wire_facts
from trackside_server.store import Reader, RunsPage, Tx

__all__ = ["Compactor"]

_AT_ONCE = 100
_PAGE = 500
_KNOWN = 10_000
_PAUSE = 0.5
"""Seconds after which the ended runs of that time are looked at together."""


class Compactor:
    """Looks after runs that have ended. Only the server that schedules does it; it begins with what others left."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._fresh = asyncio.Event()
        self._begun = False
        self._sizes: dict[str, int] = {}
        """The bytes of those looked at; our own note of their facts is a change too."""

    def note(self, events: Iterable[Event]) -> None:
        """Take note of runs that may have ended."""
        for event in events:
            if isinstance(event, JobChanged) and event.job.is_terminal:
                self._core.ended[event.job.run_id] = None
            elif isinstance(event, RunChanged):
                self._core.ended[event.run_id] = None
        if self._core.ended:
            self._fresh.set()

    async def step(self) -> None:
        """Wait for runs that ended, and look at them."""
        if not self._core.schedules:
            self._core.ended.clear()  # another server does it; whatever it leaves is found by a sweep
            await asyncio.sleep(_PAUSE)
            return
        if not self._begun:
            self._begun = True
            await self._sweep()
            self._core.swept = True
        ended = self._core.ended
        if not ended:
            await self._fresh.wait()
        await asyncio.sleep(_PAUSE)
        self._fresh.clear()
        while ended:
            names = list(ended)[:_AT_ONCE]
            for name in names:  # before they are looked at: one that ends again meanwhile is looked at again
                del ended[name]
            self._core.looking = names
            try:
                await self._look_at(await self._core.query(partial(_ended_rows, names)))
            except BaseException:
                ended.update(dict.fromkeys(names))
                self._fresh.set()
                raise
            finally:
                self._core.looking = ()

    async def _sweep(self) -> None:
        """Look at the runs that ended while no server was there, newest first."""
        cursor: str | None = None
        while True:
            page = await self._core.query(partial(_page, cursor))
            await self._look_at([row for row in page.runs if row.is_terminal and not row.metrics])
            cursor = page.next
            if cursor is None:
                return
            await asyncio.sleep(_PAUSE)

    async def _look_at(self, rows: Sequence[RunRow]) -> None:
        sizes = await asyncio.to_thread(lambda: [metrics_size(RunFolder(row.run_dir)) for row in rows])
        found: dict[str, Facts] = {}
        for row, size in zip(rows, sizes, strict=True):
            if not size or (row.metrics and self._sizes.get(row.id) == size):
                continue
            try:
                facts = await _facts(RunFolder(row.run_dir), size)
            except (OSError, ValueError) as error:
                LOG.warning("the metrics of %s are not compacted: %s", row.id, error)
                continue
            self._sizes[row.id] = size
            if facts != row.metrics:
                found[row.id] = facts
        if len(self._sizes) > _KNOWN:
            self._sizes.clear()
        if found:
            await self._core.write(lambda tx: _keep(tx, found))


def _page(cursor: str | None, reader: Reader) -> RunsPage:
    return reader.runs_page(limit=_PAGE, cursor=cursor)


def _ended_rows(names: Sequence[str], reader: Reader) -> list[RunRow]:
    rows = map(reader.run, names)
    return [row for row in rows if row is not None and row.is_terminal]


def _keep(tx: Tx, found: Mapping[str, Facts]) -> None:
    """Keep facts with the rows as they are now; those of a run that began again meanwhile are not true any more."""
    for run_id, facts in found.items():
        row = tx.run(run_id)
        if row is not None and row.is_terminal:
            tx.upsert_run(msgspec.structs.replace(row, metrics=facts))


async def _facts(folder: RunFolder, size: int) -> Facts:
    if size < MANY or not has_polars():  # a process takes longer to start
        return await asyncio.to_thread(lambda: wire_facts(folder))
    said = await said_aside("compact_process", str(folder.path), threads=1)
    return msgspec.json.decode(said, type=Facts)
