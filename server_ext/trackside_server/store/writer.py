"""The one thread that writes: all writes that wait at once share a transaction, and so one wait for the disk."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine

from trackside.errors import Conflict, InternalError, TryAgain
from trackside.models import Event
from trackside_server.store.connect import WRITES, apart, in_transaction, schema_version, set_durable
from trackside_server.store.failures import FAILURES, is_busy, is_of_the_file, translate
from trackside_server.store.migrate import refuse_newer, stored_revision
from trackside_server.store.tx import Tx

__all__ = ["Writer"]

T = TypeVar("T")
_GROUP = 256
_PATIENCE = 20.0  # seconds that a write waits for other processes' locks before it gives up
_PAUSE = 0.02


class _Write(Generic[T]):
    """A write that waits, with the future of whoever waits for it."""

    def __init__(self, fn: Callable[[Tx], T], durable: bool) -> None:
        self.fn = fn
        self.durable = durable
        self.future: Future[T] = Future()
        self._value: T
        self._error: BaseException | None = None

    def run(self, tx: Tx) -> None:
        """Do it; the outcome stays here until the commit."""
        self._error = None
        self._value = self.fn(tx)

    def refuse(self, error: BaseException) -> None:
        """Make an error the outcome."""
        self._error = error

    def resolve(self) -> None:
        """Tell the outcome."""
        if self._error is None:
            self.future.set_result(self._value)
        else:
            self.future.set_exception(self._error)


_Group = Sequence[_Write[Any]]  # each write has a result type of its own


class Writer:
    """Runs writes in their order, in groups; the error of one is its caller's alone.

    ``begin`` makes the transaction's ``Tx`` of a connection; ``committed`` is told the events of each commit
    that had some, from the writer's thread.
    """

    def __init__(
        self, engine: Engine, path: Path, begin: Callable[[Connection], Tx], committed: Callable[[list[Event]], None]
    ) -> None:
        self._engine = engine
        self._path = path
        self._begin = begin
        self._committed = committed
        opened = path.stat()
        self._identity = (opened.st_dev, opened.st_ino)
        self._connection: Connection | None = None
        self._schema: int | None = None
        self._waiting: queue.SimpleQueue[_Write[Any] | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="trackside-store", daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[[Tx], T], *, durable: bool = True) -> Future[T]:
        """Queue a write; its future resolves after the commit that holds it."""
        write = _Write(fn, durable)
        with self._gate:
            if self._closed:
                raise TryAgain(f"The store {self._path} is closed.", hint="The server is ending.", code="store_closed")
            self._waiting.put(write)
        return write.future

    def close(self) -> None:
        """Perform what waits, then end the thread."""
        with self._gate:
            self._closed = True
            self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        ending = False
        while not ending:
            group, ending = self._next_group()
            started = [write for write in group if write.future.set_running_or_notify_cancel()]
            if started:
                self._settle(started)
        self._disconnect()

    def _next_group(self) -> tuple[list[_Write[Any]], bool]:
        group: list[_Write[Any]] = []
        item = self._waiting.get()
        while item is not None:
            group.append(item)
            if len(group) == _GROUP:
                return group, False
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _settle(self, group: _Group) -> None:
        """Commit a group and tell every outcome; when the file fails, try each write by itself."""
        try:
            events = self._transact_patiently(group)
        except Exception as error:  # noqa: BLE001 - it is handed to the callers
            if len(group) > 1 and not is_busy(error):
                for write in group:
                    self._settle([write])
                return
            for write in group:
                write.refuse(translate(error, self._path))
            events = []
        if events:
            self._committed(events)
        for write in group:
            write.resolve()

    def _transact_patiently(self, group: _Group) -> list[Event]:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._transact(group)
            except FAILURES as error:
                if is_of_the_file(error):
                    self._disconnect()
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE)

    def _transact(self, group: _Group) -> list[Event]:
        connection = self._connected()
        set_durable(connection, any(write.durable for write in group))
        with connection.begin():
            self._refuse_other_file()
            self._refuse_newer(connection)
            tx = self._begin(connection)
            for write in group:
                if len(group) == 1:
                    write.run(tx)
                else:
                    self._run_apart(write, tx, connection)
            events = tx.flush()
            if not in_transaction(connection):
                raise InternalError("The transaction ended before its commit.")
        return events

    def _run_apart(self, write: _Write[Any], tx: Tx, connection: Connection) -> None:
        """Run one write of several; what it raises undoes it alone, unless the file failed and so the whole."""
        mark = tx.mark()
        try:
            with apart(connection):
                write.run(tx)
        except Exception as error:
            if is_of_the_file(error) or not in_transaction(connection):
                raise
            tx.undo(mark)
            write.refuse(translate(error, self._path))

    def _refuse_other_file(self) -> None:
        """Notice that the file was deleted or replaced: SQLite would go on writing what nobody can open any more."""
        try:
            there = self._path.stat()
        except OSError:
            there = None
        if there is None or (there.st_dev, there.st_ino) != self._identity:
            raise Conflict(
                f"The store {self._path} was deleted or replaced while this server runs; nothing was changed.",
                hint="Restart the server.",
                code="store_gone",
            )

    def _refuse_newer(self, connection: Connection) -> None:
        """Notice that a newer program changed the tables while this one runs."""
        schema = schema_version(connection)
        if schema != self._schema:
            refuse_newer(stored_revision(connection, self._path), self._path)
            self._schema = schema

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(**{WRITES: True})
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.invalidate()
            connection.close()
