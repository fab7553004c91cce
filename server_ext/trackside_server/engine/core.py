"""What every verb of the engine works with, and the few steps that all of them share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar
from weakref import WeakValueDictionary

import msgspec

from trackside.models import Event, Explanation, Job, JobChanged, Queue, RunInfo
from trackside.tracking.folder import RunFolder
from trackside_server.domain.again import PAUSE
from trackside_server.domain.dependencies import waits_for
from trackside_server.domain.explain import explain
from trackside_server.domain.naming import one_of
from trackside_server.domain.notify import NOBODY, Notify
from trackside_server.domain.plan import Machine, Snapshot
from trackside_server.domain.record import JobRecord, RunRow
from trackside_server.engine.board import Board
from trackside_server.engine.curve_reader import CurveReader
from trackside_server.engine.hub import Hub
from trackside_server.engine.index import RunFinder
from trackside_server.engine.known import KnownFacts
from trackside_server.engine.machine import MachineProbe
from trackside_server.engine.masking import Cover, Masks, ShownLog
from trackside_server.engine.tail import Tails
from trackside_server.executors.base import Executor
from trackside_server.store import Reader, Store, Tx, Vault

__all__ = ["LOG", "Core", "Settings", "utc_now"]

LOG = logging.getLogger("trackside.server")
_T = TypeVar("_T")
_R = TypeVar("_R", JobRecord, RunRow)
_SEALED_AT_HAND = 200
_LOOKED_UP = 500


def utc_now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the server's own configuration says of the queue.

    ``tag_limits``: how many jobs with a tag may run at once, unless the home says otherwise; ``retry_pause``: seconds
    before the first retry. ``prices``: of an hour of a CPU and of each type of GPU, in ``currency``; ``notify``: who is
    told of ends.
    """

    tag_limits: Mapping[str, int] = field(default_factory=dict)
    retry_pause: float = PAUSE
    prices: Mapping[str, float] = field(default_factory=dict)
    currency: str = ""
    notify: Notify = NOBODY


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
    curves: CurveReader = field(default_factory=CurveReader)
    previews: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """Room for those who read the heads of tables, each in a process of its own."""
    board: Board = field(default_factory=Board)
    masks: Masks = field(default_factory=Masks)
    """The values of secrets that must not be shown, of attempts that run."""
    executors: dict[str, Executor] = field(default_factory=dict)
    _sealed: dict[str, bytes | None] = field(default_factory=dict)
    """Environment and secrets, sealed, of some of the jobs that this server took in and has not started yet; None of one
    that came with neither."""
    _looked_up: dict[tuple[str, str], tuple[int, tuple[list[Any], list[str]]]] = field(default_factory=dict)
    """Jobs and runs that were asked for by name, with the version of the store that was read."""
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    schedules: bool = False
    """Whether this server holds the home's scheduler lock."""
    scheduler_pid: int | None = None
    scheduler_host: str | None = None
    """Where the home is seen from several hosts: the one whose server schedules."""
    plan_soon: Callable[[], None] = lambda: None
    """Makes the scheduler look at the queue."""
    cancel_soon: Callable[[JobRecord], None] = lambda record: None
    """Makes the scheduler see to a job whose cancelling was asked for."""
    emit: Callable[[Event], None] = lambda event: None
    """Hands an event to Jupyter's own event system."""
    queue: Queue = field(default_factory=Queue)
    """Whether the queue is paused, and its limits, as the store has them."""
    settings: Settings = field(default_factory=Settings)
    seen_machine: Machine = field(default_factory=lambda: Machine(0))
    warnings: list[str] = field(default_factory=list)
    """What the panels should say about this home, in sentences."""
    known: KnownFacts = field(default_factory=KnownFacts)
    ended: dict[str, None] = field(default_factory=dict)
    """The ids of runs that may have ended and that the compactor has not looked at yet, in the order of their ends."""
    looking: Sequence[str] = ()
    """The ids of those that it looks at now."""
    swept: bool = False
    """Whether the compactor of this server went through what had ended before."""
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

    def keep_sealed(self, sealed: Iterable[tuple[str, bytes | None]]) -> None:
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
        if job_id in self._sealed:
            return self._sealed[job_id]
        with self.store.read() as reader:
            return reader.sealed(job_id)

    async def write(self, change: Callable[[Tx], _T]) -> _T:
        """Change the store; what was changed is durable when this returns."""
        return await self.store.write(change)

    def settle(self, records: Sequence[JobRecord]) -> None:
        """Take jobs as the store has them now, and let the queue move."""
        self.board.put_all(records)
        for record in records:
            if record.status != "pending":
                self.forget_sealed(record.id)
            if record.is_terminal:
                self.ended[record.id] = None
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
            self.ended.update((row.id, None) for row in found if row.is_terminal)

    # From records to what clients see

    def tag_limits(self) -> dict[str, int]:
        """Return how many jobs with a tag may run at once."""
        return {**self.settings.tag_limits, **self.queue.tag_limits}

    def snapshot(self) -> Snapshot:
        """Return everything that a plan depends on, as it is now."""
        return self.board.snapshot(self.seen_machine, utc_now(), self.queue.sentence, self.tag_limits())

    def explain(self, record: JobRecord, *, forecast: bool = False) -> Explanation:
        """Say why a job stands where it stands, with ``forecast`` also when it may start."""
        now = utc_now()
        if record.is_terminal or (record.status != "scheduled" and self.board.is_starting(record.id)):
            return explain(record, None, now)
        awaits = [waits_for(*each) for each in self.board.open_dependencies(record.id)]
        return explain(record, self.snapshot(), now, awaits, forecast=forecast)

    def wire(self, record: JobRecord) -> Job:
        """Return a job as clients see it, with its sentence."""
        return record.to_wire(
            self.home_id, self.explain(record).message, now=utc_now(), currency=self.settings.currency
        )

    def described(self, event: Event) -> Event:
        """Return an event with the sentence that its job deserves now, and what its costs are in."""
        if not isinstance(event, JobChanged):
            return event
        if event.job.cost is not None or event.job.cost_per_hour is not None:
            priced = msgspec.structs.replace(event.job, currency=self.settings.currency)
            event = msgspec.structs.replace(event, job=priced)
        record = self.board.get(event.job.id)
        if record is None or record.status != event.job.status:
            return event
        job = msgspec.structs.replace(event.job, message=self.explain(record).message)
        return msgspec.structs.replace(event, job=job)

    async def resolve(self, text: str, can_be: Callable[[JobRecord], bool] | None = None) -> JobRecord:
        """Return the job of this id, number or name; of several with this name the newest.

        A verb that changes something names those that it ``can_be`` about: then it must be the only one.
        """
        found, names = await self._named("job", text, lambda reader, most: reader.resolve(text, most), can_be)
        return one_of(found, names, text, "job", can_be)

    async def resolve_run(self, text: str, can_be: Callable[[RunRow], bool] | None = None) -> RunRow:
        """Return the run of this id, number or name; see ``resolve``."""
        found, names = await self._named("run", text, lambda reader, most: reader.resolve_run(text, most), can_be)
        return one_of(found, names, text, "run", can_be)

    async def _named(
        self,
        kind: Literal["job", "run"],
        text: str,
        ask: Callable[[Reader, int | None], list[_R]],
        can_be: Callable[[_R], bool] | None,
    ) -> tuple[list[_R], list[str]]:
        """What has this name, or the names that could be meant; looked at, it is not asked anew while nothing was committed."""

        def read(reader: Reader) -> tuple[list[_R], list[str]]:
            found = ask(reader, 1 if can_be is None else None)
            return found, [] if found else reader.job_names() if kind == "job" else reader.run_names()

        if can_be is not None:
            return await self.query(read)
        version, wish = self.store.data_version(), (kind, text)
        kept = self._looked_up.pop(wish, None)
        if kept is None or kept[0] != version:
            kept = (version, await self.query(read))
        self._looked_up[wish] = kept
        if len(self._looked_up) > _LOOKED_UP:
            del self._looked_up[next(iter(self._looked_up))]
        return kept[1]

    def log_of(self, run_id: str, run_dir: str, secrets: Sequence[str]) -> ShownLog:
        """Return the log of a run, whose job has these secrets, as it may be shown."""
        folder = RunFolder(run_dir)
        return Cover(folder, self.masks, run_id, secrets) if secrets else ShownLog(folder)

    async def log_of_run(self, row: RunRow) -> ShownLog:
        """Return the log of a run as it may be shown."""
        record = None if row.job_id is None else self.board.get(row.job_id)
        if record is None and row.job_id is not None:
            record = await self.query(lambda reader: reader.job(row.id))
        return self.log_of(row.id, row.run_dir, record.spec.secrets if record is not None else ())

    def wire_run(self, row: RunRow) -> RunInfo:
        """Return a run as clients see it."""
        return row.to_wire(self.home_id)
