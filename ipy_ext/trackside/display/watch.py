"""Tells when jobs that are shown have ended: one daemon thread for all of them, alive only while one is unfinished.

The thread listens to the server's events; it never prints, and what goes wrong in it is logged, not raised: a picture
that stays old is no reason to disturb a notebook.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from trackside.errors import NotFound, TracksideError
from trackside.models import Job, JobChanged, JobDeleted
from trackside.models.stream import EventMessage, Subscribed

if TYPE_CHECKING:
    from trackside.client import Client

__all__ = ["Watch"]

_log = logging.getLogger(__name__)
_REMEMBERED = 200
Ended = Callable[[Job], None]


class Watch:
    """Calls back, in its own thread, once for each job that ends."""

    def __init__(self, client: Callable[[], Client]) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Ended]] = {}
        self._just_ended: OrderedDict[str, Job] = OrderedDict()
        self._thread: threading.Thread | None = None

    def add(self, job_id: str, ended: Ended) -> None:
        """Call ``ended`` with the job's last state when it ends, also if it has just done so."""
        with self._lock:
            self._waiting.setdefault(job_id, []).append(ended)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="trackside-watch", daemon=True)
                self._thread.start()
                return
            job = self._just_ended.get(job_id)
        if job is not None:
            threading.Thread(target=self._tell, args=(job,), name="trackside-watch-late", daemon=True).start()

    @property
    def is_running(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None

    def _run(self) -> None:
        try:
            self._listen()
        except TracksideError as error:
            _log.debug("the pictures of shown jobs stay as they are: %s", error)
        except Exception:  # noqa: BLE001  # the boundary of the thread
            _log.debug("watching shown jobs stopped", exc_info=True)
        finally:
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None
                    self._waiting.clear()

    def _listen(self) -> None:
        client = self._client()
        with closing(client.event_messages()) as messages:
            for message in messages:
                if isinstance(message, Subscribed):
                    self._look(client)
                elif isinstance(message, EventMessage) and isinstance(message.event, JobChanged):
                    self._changed(message.event.job)
                elif isinstance(message, EventMessage) and isinstance(message.event, JobDeleted):
                    self._forget(message.event.job_id)
                if self._leave():
                    return

    def _look(self, client: Client) -> None:
        """Look at each job once a connection stands: it may have ended before."""
        with self._lock:
            waiting = list(self._waiting)
        for job_id in waiting:
            try:
                self._changed(client.jobs.get(job_id))
            except NotFound:
                self._forget(job_id)

    def _forget(self, job_id: str) -> None:
        with self._lock:
            self._waiting.pop(job_id, None)

    def _changed(self, job: Job) -> None:
        with self._lock:
            if not job.is_terminal:
                self._just_ended.pop(job.id, None)
                return
            self._just_ended[job.id] = job
            while len(self._just_ended) > _REMEMBERED:
                self._just_ended.popitem(last=False)
        self._tell(job)

    def _tell(self, job: Job) -> None:
        with self._lock:
            callbacks = self._waiting.pop(job.id, [])
        for ended in callbacks:
            try:
                ended(job)
            except Exception:  # noqa: BLE001  # the boundary of a callback
                _log.debug("the panel of %s stays as it is", job.id, exc_info=True)

    def _leave(self) -> bool:
        """Whether nothing is waited for; then the thread is no longer the one that ``add`` counts on."""
        with self._lock:
            if self._waiting:
                return False
            self._thread = None
            return True
