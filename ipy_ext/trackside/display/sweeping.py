"""What a sweep leaves in the notebook: one panel for all its jobs, a table as text, curves as a picture when all have ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from trackside.display.bundle import Bundle, track_bundle
from trackside.display.text import state_counts, table
from trackside.models import Job
from trackside.models.sweep import Scalar, spelled
from trackside.sdk.standing import short_id, state

if TYPE_CHECKING:
    from trackside.client import Client

__all__ = ["sweep_bundle", "sweep_picture", "sweep_text"]

_MOST_ROWS = 50
_MOST_CURVES = 24


def sweep_bundle(
    jobs: Sequence[Job],
    grid: Mapping[str, Sequence[Scalar]],
    now: datetime,
    *,
    said: str = "",
    picture: bytes | None = None,
) -> Bundle:
    """Return the bundle of all jobs of a sweep."""
    return track_bundle(jobs, sweep_text(jobs, grid, now, said=said), picture, varies=list(grid))


def sweep_text(jobs: Sequence[Job], grid: Mapping[str, Sequence[Scalar]], now: datetime, *, said: str = "") -> str:
    """Return how many stand where, and a row for each job: its values and its state."""
    counts: dict[str, int] = {}
    for job in jobs:
        counts[job.status] = counts.get(job.status, 0) + 1
    rows = [(short_id(job.id), *(_value(job, name) for name in grid), state(job, now)) for job in jobs[:_MOST_ROWS]]
    more = [f"and {len(jobs) - _MOST_ROWS} more"] if len(jobs) > _MOST_ROWS else []
    head = f"{len(jobs)} jobs: {state_counts(counts)}"
    return "\n".join([head, *([said] if said else []), "", table(("id", *grid, "state"), rows), *more])


def sweep_picture(jobs: Sequence[Job], client: Client, note: str) -> bytes | None:
    """Draw the curves of the jobs, in another process; None when none logged anything."""
    from trackside.display.curves import MAX_POINTS, curves_of
    from trackside.display.picture import draw_aside

    measured = [(job, client.runs.metrics(job.run_id, max_points=MAX_POINTS)) for job in jobs[:_MOST_CURVES]]
    curves = curves_of([(job.name, metrics) for job, metrics in measured])
    return draw_aside(f"{len(jobs)} jobs", curves, note=note) if curves else None


def _value(job: Job, name: str) -> str:
    value = job.spec.config.get(name)
    return spelled(value) if value is None or isinstance(value, (str, int, float)) else str(value)
