"""What every verb of the engine works with, and the few steps that all of them share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from weakref import WeakValueDictionary

import msgspec

from trackside.errors import AmbiguousName, NotFound, near
from trackside.models import Event, Explanation, Job, JobChanged, RunInfo
from trackside_server.domain.explain import explain
from trackside_server.domain.plan import Machine
from trackside_server.domain.record import JobRecord, RunRow
from trackside_server.engine.board import Board
from trackside_server.engine.hub import Hub
from trackside_server.engine.index import RunFinder
from trackside_server.engine.machine import MachineProbe
from trackside_server.engine.tail import Tails
from trackside_server.executors.base import Executor
from trackside_server.store import Reader, Store, Tx, Vault

__all__ = ["LOG", "Core", "utc_now"]

LOG = logging.getLogger("trackside.server")
_T = TypeVar("_T")
_SEALED_AT_HAND = 200


def utc_now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Core:
    """The parts of one server's engine. ``board`` is changed only through ``settle`` and by the event loop below."""

    home: Path
    home_id: str
    version: str
    store: Store
    vault: Vault
    hub: Hub
    machine: MachineProbe
    tails: Tails = field(default_factory=Tails)
    board: Board = field(default_factory=Board)
    executors: dict[str, Executor] = field(default_factory=dict)
    _sealed: dict[str, bytes] = field(default_factory=dict)
    """Environment and secrets, sealed, of some of the jobs that this server took in and has not started yet."""
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    schedules: bool = False
    """Whether this server holds the home's scheduler lock."""
    scheduler_pid: int | None = None
    plan_soon: Callable[[], None] = lambda: None
    """Makes the scheduler look at the queue."""
    cancel_soon: Callable[[JobRecord], None] = lambda record: None
    """Makes the scheduler see to a job whose cancelling was asked for."""
    emit: Callable[[Event], None] = lambda event: None
    """Hands an event to Jupyter's own event system."""
    seen_machine: Machine = field(default_factory=lambda: Machine(0))
    warnings: list[str] = field(default_factory=list)
    """What the panels should say about this home, in sentences."""
    finder: RunFinder = field(init=False)
    _finding: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.finder = RunFinder(self.home / "runs")

    async def query(self, ask: Callable[[Reader], _T]) -> _T:
        """Ask the store, off the event loop."""
        return await self.store.query(ask)

    def turn(self, key: str) -> asyncio.Lock:
        """Return the lock of those who do the same thing at the same time, by its name."""
        return self._turns.setdefault(key, asyncio.Lock())

    def keep_sealed(self, sealed: Iterable[tuple[str, bytes]]) -> None:
        """Keep the sealed values of jobs that may start soon at hand; the store has all of them."""
        for job_id, kept in sealed:
            if len(self._sealed) >= _SEALED_AT_HAND:
                return
            self._sealed[job_id] = kept

    def forget_sealed(self, job_id: str) -> None:
        """Read the sealed values of this job anew."""
        self._sealed.pop(job_id, None)

    def sealed_of(self, job_id: str) -> bytes | None:
        """Return what is kept of a job's environment and secrets, sealed."""
        kept = self._sealed.get(job_id)
        if kept is None:
            with self.store.read() as reader:
                kept = reader.sealed(job_id)
        return kept

    async def write(self, change: Callable[[Tx], _T]) -> _T:
        """Change the store; what was changed is durable when this returns."""
        return await self.store.write(change)

    def settle(self, records: Iterable[JobRecord]) -> None:
        """Take jobs as the store has them now, and let the queue move."""
        for record in records:
            self.board.put(record)
            if record.status != "pending":
                self.forget_sealed(record.id)
            if record.is_terminal:
                self.tails.poke(Path(record.run_dir))
        self.plan_soon()

    async def refresh_runs(self) -> None:
        """Take runs that were made without a job, or went on, into the index; costs a ``stat`` when nothing changed."""
        async with self._finding:
            found = await asyncio.to_thread(self.finder.find)
            if not found:
                return
            try:
                await self.write(lambda tx: [tx.upsert_run(row) for row in found])
            except BaseException:
                self.finder.again(found)
                raise

    # From records to what clients see

    def explain(self, record: JobRecord) -> Explanation:
        """Say why a job stands where it stands."""
        snapshot = None if self.board.is_starting(record.id) else self.board.snapshot(self.seen_machine)
        return explain(record, snapshot, utc_now())

    def wire(self, record: JobRecord) -> Job:
        """Return a job as clients see it, with its sentence."""
        return record.to_wire(self.home_id, self.explain(record).message)

    def described(self, event: Event) -> Event:
        """Return an event with the sentence that its job deserves now."""
        if not isinstance(event, JobChanged):
            return event
        record = self.board.get(event.job.id)
        if record is None or record.status != event.job.status:
            return event
        job = msgspec.structs.replace(event.job, message=self.explain(record).message)
        return msgspec.structs.replace(event, job=job)

    async def resolve(self, text: str) -> JobRecord:
        """Return the job of this id, number or unique name."""
        found, names = await self.query(lambda reader: _with_names(reader.resolve(text), reader.job_names))
        return _one(found, names, text, "job")

    async def resolve_run(self, text: str) -> RunRow:
        """Return the run of this id, number or unique name."""
        found, names = await self.query(lambda reader: _with_names(reader.resolve_run(text), reader.run_names))
        return _one(found, names, text, "run")

    def wire_run(self, row: RunRow) -> RunInfo:
        """Return a run as clients see it."""
        return row.to_wire(self.home_id)


_R = TypeVar("_R", JobRecord, RunRow)


def _with_names(found: list[_R], names: Callable[[], list[str]]) -> tuple[list[_R], list[str]]:
    return found, [] if found else names()


def _one(found: list[_R], names: list[str], text: str, noun: str) -> _R:
    if not found:
        raise NotFound(f"There is no {noun} {text!r}.", hint=near(text, names), code=f"{noun}_not_found")
    if len(found) > 1:
        listed = ", ".join(f"{record.id} ({record.status})" for record in found[:5])
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        raise AmbiguousName(
            f"{len(found)} {noun}s are called {text!r}: {listed}{more}.",
            hint=f"Use the id; {found[0].id} is the newest.",
        )
    return found[0]
