"""The states of a job and the ways between them; one table, read by everything that changes a status."""

from __future__ import annotations

from collections.abc import Mapping

from trackside.errors import Conflict
from trackside.models import FINAL, Status

__all__ = ["TRANSITIONS", "check_transition"]

TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    "scheduled": frozenset({"pending", "cancelled", "failed"}),
    "pending": frozenset({"running", "scheduled", "cancelled", "failed", "completed"}),
    "running": frozenset({"pending", "scheduled", "completed", "failed", "cancelled"}),
    "completed": frozenset({"pending"}),
    "failed": frozenset({"pending", "completed", "cancelled"}),
    "cancelled": frozenset({"pending"}),
}
"""From each status, those that may follow.

``pending → completed`` is a job so short that its end is seen before its start; ``running → pending`` is a job given
back to the queue; ``running → scheduled``, and ``pending → scheduled`` for one so short or that could not be started,
is the pause before it is tried again by itself; final → ``pending`` is a retry by somebody; ``failed → completed | cancelled`` is the correction of ``lost`` when
the true exit appears after all.
"""


def check_transition(job_id: str, old: Status, new: Status) -> None:
    """Raise ``Conflict`` naming both ends unless ``new`` may follow ``old``."""
    if new not in TRANSITIONS[old]:
        ended = "it has ended already" if old in FINAL else "that is not a way it can go"
        raise Conflict(f"{job_id} is {old} and cannot become {new}: {ended}.")
