"""Which priorities put a waiting job at another place of the queue. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Place", "moved"]


@dataclass(frozen=True)
class Place:
    """What decides where a job stands: higher priority first, then first come."""

    id: str
    priority: int
    seq: int

    @property
    def order(self) -> tuple[int, int]:
        """Sorts the queue."""
        return (-self.priority, self.seq)


def moved(waiting: Sequence[Place], job_id: str, before: str | None) -> dict[str, int]:
    """Return the priorities that change when a job is put right before another, or behind all (None).

    Both must be among ``waiting``. Nobody behind the new place changes, and ahead of it only those that would else be passed.
    """
    queue = sorted(waiting, key=lambda place: place.order)
    job = next(place for place in queue if place.id == job_id)
    queue.remove(job)
    at = len(queue) if before is None else next(n for n, place in enumerate(queue) if place.id == before)
    ahead, behind = queue[:at], queue[at:]
    if behind:
        priority = behind[0].priority + (job.seq > behind[0].seq)
    elif ahead:
        priority = ahead[-1].priority - (job.seq < ahead[-1].seq)
    else:
        priority = job.priority
    changed = {job_id: priority} if priority != job.priority else {}
    below = Place(job_id, priority, job.seq)
    for place in reversed(ahead):
        if place.order < below.order:
            break
        below = Place(place.id, below.priority + (place.seq > below.seq), place.seq)
        changed[place.id] = below.priority
    return changed
