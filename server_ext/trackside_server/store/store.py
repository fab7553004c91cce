"""The store of a home: opens its file, reads in threads, writes in one."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine

from trackside.models import Event
from trackside_server.store.connect import data_version, ensure_file, make_engine, watch_connection
from trackside_server.store.failures import explained, reachable
from trackside_server.store.migrate import prepare
from trackside_server.store.reader import Describe, Reader, no_description
from trackside_server.store.tx import Tx
from trackside_server.store.writer import Writer

__all__ = ["Store"]

T = TypeVar("T")
_log = logging.getLogger("trackside.store")
_READERS = 2
_KEPT_FRESH = 2_000


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Store:
    """Jobs, runs and events of one home, kept in one file. Made by ``open``; ``close`` it at the end."""

    def __init__(
        self, engine: Engine, path: Path, *, home_id: str, describe: Describe, clock: Callable[[], datetime]
    ) -> None:
        self.path = path
        self._engine = engine
        self._home_id = home_id
        self._describe = describe
        self._clock = clock
        self._callbacks: list[Callable[[int], None]] = []
        self._fresh: list[Event] = []
        self._fresh_lock = threading.Lock()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="trackside-read")
        self._watch_lock = threading.Lock()
        self._watch = watch_connection(path)
        self._seen_version: int | None = None
        self._seen_event = 0
        self._writer = Writer(engine, path, self._begin, self._tell)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        home_id: str,
        describe: Describe = no_description,
        migrate: bool = True,
        clock: Callable[[], datetime] = _utc_now,
    ) -> Store:
        """Open the store at ``path``, making it (mode 0600) where there is none.

        An old store is brought up to date under a file lock, or refused with ``TryAgain`` unless ``migrate``: only
        the server that schedules for the home may do it. A newer one is refused with ``Conflict``, a damaged or
        unwritable one with ``InvalidInput``. ``describe`` makes the message of the jobs in events.
        """
        with reachable(path), explained(path):
            ensure_file(path)
            engine = make_engine(path)
            try:
                prepare(engine, path, migrate=migrate)
                return cls(engine, path, home_id=home_id, describe=describe, clock=clock)
            except BaseException:
                engine.dispose()
                raise

    def close(self) -> None:
        """Perform the writes that wait, then close the file."""
        self._writer.close()
        self._readers.shutdown()
        self._watch.close()
        self._engine.dispose()

    # Writing

    async def write(self, fn: Callable[[Tx], T], *, durable: bool = True) -> T:
        """Run ``fn`` in a transaction and return its result after the commit; see ``submit``."""
        return await asyncio.wrap_future(self.submit(fn, durable=durable))

    def write_now(self, fn: Callable[[Tx], T], *, durable: bool = True) -> T:
        """Run ``fn`` in a transaction and return its result after the commit; for threads, not for the event loop."""
        return self.submit(fn, durable=durable).result()

    def submit(self, fn: Callable[[Tx], T], *, durable: bool = True) -> Future[T]:
        """Queue ``fn`` for the writer's thread; the future resolves after the commit.

        ``fn`` may be run more than once (another process held the lock, or a write of the same group failed with the
        disk): it must have no effect but on its ``Tx``. What it raises undoes it alone. Unless ``durable``, a power
        loss may undo the commit as long as no durable one follows.
        """
        return self._writer.submit(fn, durable=durable)

    async def reserve_job_ids(self, count: int = 1) -> list[int]:
        """Return so many numbers that no job has or will have, in order. Nothing waits for the disk.

        A power loss may undo it, though not once a job of such a number is kept: a folder left from before then may
        stand in the way of the number's next owner.
        """
        return await self.write(lambda tx: tx.reserve_job_ids(count), durable=False)

    def on_commit(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """Have ``callback`` told the last event id after each commit with events, from the writer's thread.

        It must return at once; what it raises is logged. The function that is returned takes it out again.
        """
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    # Reading

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """Give a consistent view; for short questions, from any thread."""
        with explained(self.path), self._engine.connect() as connection, connection.begin():
            yield Reader(connection, self._home_id, self._describe)

    async def query(self, fn: Callable[[Reader], T]) -> T:
        """Return what ``fn`` finds in a consistent view, asked in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._ask, fn)

    def data_version(self) -> int:
        """Return a number that changes with every commit of this or another process; costs microseconds."""
        with explained(self.path), self._watch_lock:
            return data_version(self._watch)

    def last_event_id(self) -> int:
        """Return the id of the newest event, of this or another process; costs microseconds when nothing changed."""
        with explained(self.path), self._watch_lock:
            version = data_version(self._watch)
            if version != self._seen_version:
                with self.read() as reader:
                    self._seen_event = reader.last_event_id()
                self._seen_version = version
            return self._seen_event

    def take_fresh(self, since: int) -> list[Event] | None:
        """Return the events after ``since`` if all of them were committed through this object and not taken yet.

        None where some must be read with ``events_since``: those of other processes, or more than are kept here.
        """
        with self._fresh_lock:
            fresh, self._fresh = [event for event in self._fresh if event.id > since], []
        if not fresh or fresh[0].id != since + 1 or fresh[-1].id - since != len(fresh):
            return None
        return fresh

    def _ask(self, fn: Callable[[Reader], T]) -> T:
        with self.read() as reader:
            return fn(reader)

    def _begin(self, connection: Connection) -> Tx:
        return Tx(connection, self._home_id, self._describe, self._clock())

    def _tell(self, events: list[Event]) -> None:
        last_event_id = events[-1].id
        with self._fresh_lock:
            self._fresh.extend(events)
            del self._fresh[:-_KEPT_FRESH]
        for callback in tuple(self._callbacks):
            try:
                callback(last_event_id)
            except Exception:  # noqa: BLE001 - the writer goes on, whatever becomes of its listeners
                _log.exception("a listener failed at the commit of event %d", last_event_id)
