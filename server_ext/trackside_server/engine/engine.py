"""The engine of one server: opens the home, takes part in scheduling, hands events out, and lets go of all of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path

from trackside.errors import InvalidInput, TracksideError, TryAgain
from trackside.models import WAITING, Event, JobChanged, JobDeleted, QueueChanged
from trackside.tracking.home import ensure_home
from trackside_server.domain.explain import sentence
from trackside_server.domain.record import JobRecord
from trackside_server.engine import attempts, queue
from trackside_server.engine.addresses import sweep_addresses
from trackside_server.engine.compact import Compactor
from trackside_server.engine.core import LOG, Core, Settings, utc_now
from trackside_server.engine.holders import Kernel
from trackside_server.engine.hub import Hub
from trackside_server.engine.leadership import HEARTBEAT, Leadership, leadership
from trackside_server.engine.lost import correct_lost
from trackside_server.engine.machine import FOREIGN_GPU_MEMORY, MachineProbe
from trackside_server.engine.notify import Notifier
from trackside_server.engine.recover import recover, sweep
from trackside_server.engine.reindex import job_folders
from trackside_server.engine.release import learn
from trackside_server.engine.schedule import Scheduler
from trackside_server.engine.wake import Wake
from trackside_server.executors.base import AttemptRef
from trackside_server.executors.local import LocalExecutor
from trackside_server.isolation import limits
from trackside_server.isolation.lifetime import ends_with
from trackside_server.store import Reader, Store, Vault

__all__ = ["Engine"]

_LOOK_FOR_COMMITS = 1.0
_LOOK_FOR_RUNS = 2.0
_LOOK_FOR_LOST = 10.0
_BATCH = 500
_AT_A_TIME = 50
"""Events that are handed out without a pause."""


class Engine:
    """Made by ``open``; ``core`` is what the verbs work with."""

    def __init__(self, core: Core, wake: Wake, lead: Leadership) -> None:
        self.core = core
        self._wake = wake
        self._leadership = lead
        self._scheduler = Scheduler(core)
        self._compactor = Compactor(core)
        self._notifier = Notifier(core)
        self._fresh = asyncio.Event()
        self._committed = 0
        self._loaded = -1
        self._began = time.time()
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(
        cls,
        home: Path,
        *,
        version: str,
        cpus: float | None = None,
        memory: int | None = None,
        settings: Settings | None = None,
        foreign_gpu_memory: int = FOREIGN_GPU_MEMORY,
        kernels: Callable[[], Awaitable[list[Kernel]]] | None = None,
        emit: Callable[[Event], None] | None = None,
        heartbeat: float = HEARTBEAT,
    ) -> Engine:
        """Open a home (making it where there is none) and begin to serve it.

        ``cpus`` and ``memory`` (bytes) are what jobs may hold together, None all that there is; ``settings`` are of the
        queue. ``heartbeat`` is the number of seconds between signs of life where several hosts share the home.

        ``foreign_gpu_memory``: bytes that another program may have on a GPU that still counts as free; ``kernels``
        answers the kernels of this server.

        Raises a ``TracksideError`` that says what is wrong with the home.
        """
        try:
            home_id = await asyncio.to_thread(ensure_home, home)
        except OSError as error:
            raise TryAgain(
                f"The home {home} cannot be written: {error.strerror or error}.",
                hint="Mend its rights or name another with TRACKSIDE_HOME.",
                code="home_not_writable",
            ) from error
        store = await asyncio.to_thread(_open_store, home, home_id)
        hub = Hub(lambda since: store.query(lambda reader: reader.events_since(since, _BATCH)))
        machine = await asyncio.to_thread(MachineProbe, home, home_id, cpus, foreign_gpu_memory, kernels)
        machine.memory = memory or machine.memory
        core = Core(home, home_id, version, store, Vault(home), hub, machine, settings=settings or Settings())
        if emit is not None:
            core.emit = emit
        engine = cls(core, Wake(home, lambda: None), leadership(home, heartbeat))
        try:
            await engine._begin()
        except BaseException:
            await engine.close()
            raise
        return engine

    async def _begin(self) -> None:
        core, loop = self.core, asyncio.get_running_loop()
        core.warnings += await asyncio.to_thread(ends_with)
        core.executors["local"] = LocalExecutor(core.home, self._changed)
        core.plan_soon = self._scheduler.plan_soon
        core.cancel_soon = self._scheduler.cancel_soon
        core.hub.last = core.store.last_event_id()
        core.seen_machine = await core.machine.machine(core.board)
        await self._load_board()
        self._wake = Wake(core.home, self._fresh.set)
        self._wake.open(loop)
        self._loop = loop
        limits.prepare(core.home)
        core.store.on_commit(self._tell)
        self._tasks.append(asyncio.create_task(_forever(self._hand_out, "events"), name="trackside-events"))
        self._tasks.append(asyncio.create_task(_forever(self._lead, "leadership"), name="trackside-lead"))
        self._tasks.append(asyncio.create_task(_forever(self._find_runs, "runs"), name="trackside-runs"))
        self._tasks.append(asyncio.create_task(_forever(self._compactor.step, "compaction"), name="trackside-compact"))

    async def close(self) -> None:
        """Let go of everything; jobs run on."""
        core = self.core
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._scheduler.close()
        await self._notifier.close()
        core.hub.close()
        core.tails.close()
        await core.curves.close()
        for executor in core.executors.values():
            await executor.close()
        self._wake.close(asyncio.get_running_loop())
        await asyncio.to_thread(self._leadership.release)
        await asyncio.to_thread(core.store.close)

    def others_serve(self) -> bool:
        """Whether another server of this home is up."""
        return self._wake.others() > 0

    # What changed

    def _tell(self, last_event_id: int) -> None:
        """Called in the writer's thread after each commit."""
        self._committed = last_event_id
        self._loop.call_soon_threadsafe(self._fresh.set)
        self._wake.others()

    def _changed(self, ref: AttemptRef) -> None:
        if self.core.schedules and not self._scheduler.ended(ref):
            task = asyncio.ensure_future(attempts.look(self.core, ref))
            task.add_done_callback(_report)

    async def _hand_out(self) -> None:
        """Read new events from the store and hand them to everybody; also those of other servers of this home."""
        core = self.core
        if self._committed <= core.hub.last:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_FOR_COMMITS):
                    await self._fresh.wait()
        self._fresh.clear()
        if self._committed <= core.hub.last and core.store.last_event_id() <= core.hub.last:
            return
        fresh = core.store.take_fresh(core.hub.last)
        if fresh is not None:
            await self._publish(fresh)
            return
        while events := self._read_events():
            await self._publish(events)
            if len(events) < _BATCH:
                break

    async def _publish(self, events: list[Event]) -> None:
        await self._note(events)
        self._compactor.note(events)
        self._notifier.note(events)
        for first in range(0, len(events), _AT_A_TIME):
            some = events[first : first + _AT_A_TIME]
            self.core.hub.publish(some)
            for event in some:
                self.core.emit(event)
            await asyncio.sleep(0)  # others are served in between

    def _read_events(self) -> list[Event]:
        """A batch by its key takes less time here than the way to another thread and back."""
        with self.core.store.read() as reader:
            return reader.events_since(self.core.hub.last, _BATCH)

    async def _note(self, events: list[Event]) -> None:
        """Take what others wrote onto the board; what this server wrote stands there already."""
        core = self.core
        for event in events:
            if isinstance(event, JobDeleted):
                core.board.drop(event.job_id)
        if any(isinstance(event, QueueChanged) for event in events):
            await queue.load(core)
            core.plan_soon()
        changed = [event.job for event in events if isinstance(event, JobChanged)]
        stale = {job.id: core.board.revision(job.id) for job in changed if not core.board.knows(job)}
        if not stale:
            return
        records = await core.query(lambda reader: _jobs(reader, list(stale)))
        fresh = [record for record in records if core.board.revision(record.id) == stale[record.id]]
        core.settle(fresh)
        await learn(core)
        for record in fresh:
            if core.schedules and record.cancel_requested is not None and not record.is_terminal:
                core.cancel_soon(record)

    async def _find_runs(self) -> None:
        """Tell those who listen of runs that were made without a job, while somebody listens."""
        await asyncio.sleep(_LOOK_FOR_RUNS)
        if self.core.hub.has_listeners:
            await self.core.refresh_runs()

    async def _load_board(self) -> None:
        core = self.core
        since, self._loaded = core.board.changes, core.store.last_event_id()
        core.board.load(await core.query(lambda reader: reader.active_jobs()), since)
        await queue.load(core)
        await learn(core)

    # Who schedules

    async def _lead(self) -> None:
        """Wait for the lead, recover, then schedule for as long as this server has it."""
        core, lead = self.core, self._leadership
        while not await asyncio.to_thread(lead.take):
            core.scheduler_pid, core.scheduler_host = await asyncio.to_thread(lead.holder)
            await asyncio.sleep(lead.pause)
        scheduling = [
            asyncio.create_task(self._schedule(), name="trackside-schedule"),
            asyncio.create_task(_forever(self._correct_lost, "lost attempts"), name="trackside-lost"),
        ]
        try:
            while await asyncio.to_thread(lead.keep):
                done, _ = await asyncio.wait(scheduling, timeout=lead.beat, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            LOG.warning("another server schedules for this home now: nothing was heard of this one for a while")
        finally:
            core.schedules = False
            for task in scheduling:
                task.cancel()
            await asyncio.gather(*scheduling, return_exceptions=True)

    async def _schedule(self) -> None:
        core = self.core
        if core.store.last_event_id() != self._loaded:
            await self._load_board()
        core.schedules = True
        await asyncio.to_thread(sweep_addresses, core.home)
        await recover(core)
        self._tasks.append(
            asyncio.create_task(_once(sweep(core, self._alone_since()), "sweeping the home"), name="trackside-sweep")
        )
        await self._scheduler.run()

    def _alone_since(self) -> float | None:
        """When this server began, if no other can have taken submissions since; other hosts nobody here sees."""
        return None if self._leadership.beat is not None or self._wake.others() else self._began

    async def _correct_lost(self) -> None:
        await correct_lost(self.core)
        await asyncio.sleep(_LOOK_FOR_LOST)


def _open_store(home: Path, home_id: str) -> Store:
    path = home / "trackside.db"
    if job_folders(home) and not (path.exists() and path.stat().st_size):
        raise InvalidInput(
            f"The store {path} is gone; the run folders of its jobs are there.",
            hint="Run `trackside reindex`: it is built anew from them.",
            code="store_missing",
        )
    return Store.open(path, home_id=home_id, describe=_describe)


def _describe(record: JobRecord) -> str:
    return "" if record.status in WAITING else sentence(record, [], utc_now())


def _jobs(reader: Reader, ids: list[str]) -> list[JobRecord]:
    return [record for record in map(reader.job, ids) if record is not None]


async def _forever(step: Callable[[], Coroutine[None, None, None]], what: str) -> None:
    """Repeat a step; a failure is logged and costs a second, never the loop."""
    while True:
        try:
            await step()
        except TracksideError as error:
            LOG.warning("%s: %s", what, error)
            await asyncio.sleep(1.0)
        except Exception:  # noqa: BLE001  # the boundary of a loop that must go on
            LOG.exception("%s failed; it goes on", what)
            await asyncio.sleep(1.0)


async def _once(step: Coroutine[None, None, None], what: str) -> None:
    """Do something that may fail without harm."""
    try:
        await step
    except Exception:  # noqa: BLE001  # the boundary of a task whose result nobody waits for
        LOG.exception("%s failed", what)


def _report(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        LOG.error("an attempt could not be looked at", exc_info=task.exception())
