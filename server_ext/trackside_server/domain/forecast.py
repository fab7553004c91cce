"""When a waiting job starts if every job ahead of it takes all of its time; by the plan itself, played forward."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from datetime import datetime, timedelta

from trackside_server.domain.plan import Running, Snapshot, Waiting, plan, started

__all__ = ["starts_about"]

_MOST_AHEAD = 200
_MOST_STEPS = 100
_FARTHEST = timedelta(days=366 * 100)
"""Farther ahead nobody plans, and the calendar ends."""


def starts_about(job: Waiting, snapshot: Snapshot) -> datetime | None:
    """Return the moment at which the plan would start the job, None where no time limits say so or it is too far off."""
    now = snapshot.now
    ahead = bisect_right(snapshot.waiting, job.order, key=lambda waiting: waiting.order)
    if now is None or snapshot.paused or job.held or ahead > _MOST_AHEAD:
        return None
    queue = {each.id: each for each in [*snapshot.waiting[:ahead], job] if not each.held}
    running, farthest = list(snapshot.running), now + _FARTHEST
    for _ in range(_MOST_STEPS):
        for start in plan(replace(snapshot, waiting=list(queue.values()), running=running, now=now)):
            if start.job_id == job.id:
                return now
            running.append(started(queue.pop(start.job_id), start.gpus, now))
        following = _next_end(running)
        if following is None or following > farthest:
            return None
        now = max(now, following)
        running = [each for each in running if each.ends_by is None or each.ends_by > now]
    return None


def _next_end(running: list[Running]) -> datetime | None:
    return min((each.ends_by for each in running if each.ends_by is not None), default=None)
