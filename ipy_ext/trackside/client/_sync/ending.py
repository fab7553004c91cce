# Generated from trackside/client/_async by `python -m trackside.client.generate`; edit there.
"""Waiting for jobs to end: told by the stream of events, never by asking again and again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing

from trackside.client._sync.connection import Connection
from trackside.client._sync.pages import every_job
from trackside.client._sync.stream import Stream
from trackside.client.reference import Reference, id_of, segment
from trackside.client.waiting import Flow
from trackside.errors import NotFound, WaitTimeout
from trackside.models import Job, JobChanged, JobDeleted
from trackside.models.stream import EventMessage, ServerMessage, Subscribed

__all__ = ["ends"]

_UNFINISHED = "scheduled,pending,running"
_ASKED_ONE_BY_ONE = 20
End = tuple[int, Job]


def ends(connection: Connection, jobs: Sequence[Reference], seconds: float | None) -> Flow[End]:
    """Yield position and final state of each job as it ends; those that have ended already come first.

    The jobs are looked at when a connection stands; from then on only events count, so that no end is missed
    however often the connection drops. Raises WaitTimeout after so many ``seconds``, NotFound for a deleted job.
    """
    if not jobs:
        return
    until = None if seconds is None else time.monotonic() + seconds
    waiting = Waiting(connection, jobs)
    with closing(Stream(connection, "events", {}, resume="since", until=until).messages()) as messages:
        for message in messages:
            for end in waiting.take(message):
                yield end
            if not waiting.positions:
                return
    for end in waiting.look():  # the time is over; with 0 seconds this is the first look
        yield end
    if waiting.positions:
        raise waiting.too_late(seconds)


class Waiting:
    """The jobs that have not ended yet. ``positions`` maps ids to places in the list that the caller gave."""

    def __init__(self, connection: Connection, jobs: Sequence[Reference]) -> None:
        self.positions: dict[str, list[int]] = {}
        self._connection = connection
        self._given = list(jobs)
        self._named = False
        self._seen: dict[str, str] = {}

    def take(self, message: ServerMessage) -> list[End]:
        """Return what ended with this message."""
        if isinstance(message, Subscribed):
            return self.look()
        event = message.event if isinstance(message, EventMessage) else None
        if isinstance(event, JobDeleted) and event.job_id in self.positions:
            raise NotFound(f"{event.job_id} was deleted while it was waited for.")
        return self._ended([event.job]) if isinstance(event, JobChanged) else []

    def look(self) -> list[End]:
        """Return what has ended by now."""
        found = [] if self._named else self._name()
        asked = set(self.positions) - {job.id for job in found}
        if len(asked) > _ASKED_ONE_BY_ONE:
            pages = every_job(self._connection, {"status": _UNFINISHED})
            asked -= {job.id for job in pages}
        found += [self._get(job_id) for job_id in sorted(asked)]
        return self._ended(found)

    def too_late(self, seconds: float | None) -> WaitTimeout:
        """Return the error that says what goes on."""
        after = f"after {seconds:g} s" if seconds is not None else "in time"
        if len(self._given) == 1:
            (job_id,) = self.positions
            return WaitTimeout(f"{job_id} had not ended {after} ({self._seen.get(job_id, 'unknown')}); it goes on.")
        some = ", ".join(list(self.positions)[:5]) + (", …" if len(self.positions) > 5 else "")
        return WaitTimeout(
            f"{len(self.positions)} of {len(self._given)} jobs had not ended {after}: {some}; they go on."
        )

    def _name(self) -> list[Job]:
        """Find the ids of all jobs; return those that had to be asked for."""
        asked = []
        for position, reference in enumerate(self._given):
            job_id = id_of(reference)
            if job_id is None:
                asked.append(self._get(segment(reference)))
                job_id = asked[-1].id
            self.positions.setdefault(job_id, []).append(position)
        self._named = True
        return asked

    def _get(self, job: str) -> Job:
        return self._connection.get(f"jobs/{job}", Job)

    def _ended(self, jobs: list[Job]) -> list[End]:
        self._seen.update((job.id, job.status) for job in jobs)
        final = [job for job in jobs if job.is_terminal]
        return [(position, job) for job in final for position in self.positions.pop(job.id, [])]
