"""What happened, one typed union with a monotonic id; the same in the store, on SSE and on the WebSocket."""

from __future__ import annotations

from datetime import datetime

import msgspec

from trackside.models.job import Job
from trackside.models.queue import Queue

__all__ = ["Event", "JobChanged", "JobDeleted", "QueueChanged", "RunChanged"]


class JobChanged(msgspec.Struct, frozen=True, tag_field="type", tag="job"):
    """A job was made or changed; the whole job as it is after the change."""

    id: int
    at: datetime
    job: Job


class JobDeleted(msgspec.Struct, frozen=True, tag_field="type", tag="job_deleted"):
    """A finished job and its run were deleted."""

    id: int
    at: datetime
    job_id: str


class RunChanged(msgspec.Struct, frozen=True, tag_field="type", tag="run"):
    """A run without a job began, ended or was edited; read it anew."""

    id: int
    at: datetime
    run_id: str


class QueueChanged(msgspec.Struct, frozen=True, tag_field="type", tag="queue"):
    """The queue was paused or resumed, or its limits were changed."""

    id: int
    at: datetime
    queue: Queue


Event = JobChanged | JobDeleted | RunChanged | QueueChanged
