"""Functions that are called when jobs end: one thread and one stream of events for all jobs of a client."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from trackside.errors import NotFound, TracksideError
from trackside.models import JobChanged, JobDeleted
from trackside.models.stream import EventMessage, ServerMessage, Subscribed

if TYPE_CHECKING:
    from trackside.client import Client
    from trackside.sdk.job import Job

    Callback = Callable[[Job], object]

__all__ = ["call_at_end"]

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_watchers: WeakKeyDictionary[Client, _Watcher] = WeakKeyDictionary()


def call_at_end(job: Job, callback: Callback) -> None:
    """Call ``callback(job)`` once when the job has ended; at once, in this thread, if it has."""
    with _lock:
        watcher = _watchers.get(job.client)
        if watcher is None:
            watcher = _watchers[job.client] = _Watcher()
    watcher.add(job, callback)


class _Watcher:
    """Waits for the ends of jobs while there are any to wait for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[tuple[Job, Callback]]] = {}
        self._thread: threading.Thread | None = None

    def add(self, job: Job, callback: Callback) -> None:
        """Wait for one more. It is looked at after it is known here, so that no end is missed."""
        with self._lock:
            self._waiting.setdefault(job.id, []).append((job, callback))
        if job.known.is_terminal or job.refresh().is_terminal:
            self._call(job.id)
            return
        with self._lock:
            if self._thread is None and self._waiting:
                self._thread = threading.Thread(
                    target=self._run, args=(job.client,), name="trackside-callbacks", daemon=True
                )
                self._thread.start()

    def _run(self, client: Client) -> None:
        try:
            with closing(client.event_messages()) as messages:
                for message in messages:
                    self._take(message)
                    if self._is_over():
                        return
        except TracksideError as error:
            _log.warning("callbacks of jobs are not called any more: %s", error)
            with self._lock:
                self._thread = None

    def _is_over(self) -> bool:
        """Whether nothing is waited for; then the thread ends, and the next job starts another."""
        with self._lock:
            if not self._waiting:
                self._thread = None
            return not self._waiting

    def _take(self, message: ServerMessage) -> None:
        if isinstance(message, Subscribed):
            self._look()
        event = message.event if isinstance(message, EventMessage) else None
        if isinstance(event, JobDeleted):
            self._forget(event.job_id)
        elif isinstance(event, JobChanged) and event.job.is_terminal and event.job.id in self._waiting:
            for job, _ in self._waiting.get(event.job.id, ()):
                job.update(event.job)
            self._call(event.job.id)

    def _look(self) -> None:
        """Look at all that is waited for: what ended before the stream stood is not told by it."""
        with self._lock:
            jobs = [waiting[0][0] for waiting in self._waiting.values()]
        for job in jobs:
            try:
                ended = job.refresh().is_terminal
            except NotFound:
                self._forget(job.id)
                continue
            if ended:
                self._call(job.id)

    def _forget(self, job_id: str) -> None:
        with self._lock:
            self._waiting.pop(job_id, None)

    def _call(self, job_id: str) -> None:
        with self._lock:
            waiting = self._waiting.pop(job_id, [])
        for job, callback in waiting:
            if not job.known.is_terminal:
                job.refresh()
            try:
                callback(job)
            except Exception:  # noqa: BLE001  # the boundary of somebody else's code, as concurrent.futures has it
                _log.exception("a callback of %s failed", job.id)
