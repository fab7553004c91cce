"""A job as the server answers it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from trackside.models.progress import Progress
from trackside.models.spec import JobSpec
from trackside.models.status import FINAL, Reason, Status

__all__ = ["Blocker", "Cost", "DryRun", "Explanation", "Job", "JobPage", "Limit"]


class Limit(msgspec.Struct, frozen=True):
    """One limit of a job: ``name`` as in the submission, ``value`` in bytes, seconds or CPUs, ``by`` what enforces it."""

    name: str
    value: float
    enforced: bool
    by: str = ""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One job. Timestamps are UTC; ``message`` is one sentence for people: why it waits, what it does, how it ended."""

    id: str
    uuid: str
    home_id: str
    run_id: str
    run_dir: str
    name: str
    status: Status
    reason: Reason | None = None
    message: str = ""
    exit_code: int | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    not_before: datetime | None = None
    """The earliest start of a waiting job: as asked for, or the pause before a retry."""
    attempt: int = 0
    retried: int = 0
    """How often it was started again by itself."""
    executor: str = "local"
    cancelling: bool = False
    gpus: list[str] = []
    limits: list[Limit] = []
    peak_memory: int | None = None
    """Bytes, the highest seen for the whole process tree."""
    gpu_hours: float = 0.0
    """Hours of GPUs over all attempts, up to now or to the end; half a GPU for an hour is 0.5."""
    cost_per_hour: float | None = None
    """What an hour of the last attempt costs by the site's prices as it began; None where the site has none for it."""
    cost: float | None = None
    """What all attempts that had a price cost together, up to now or to the end."""
    currency: str = ""
    """What ``cost`` and ``cost_per_hour`` are in, as the site calls it."""
    progress: Progress | None = None
    """How far it is, where it runs and tells; of single jobs and lists only, events do not carry it."""
    spec: JobSpec

    @property
    def is_terminal(self) -> bool:
        """Whether the status is final."""
        return self.status in FINAL

    @property
    def is_running(self) -> bool:
        """Whether the job's process runs now."""
        return self.status == "running"


class JobPage(msgspec.Struct, frozen=True):
    """Jobs, newest first; ``next`` is the cursor of the following page, None on the last one.

    It is iterated over and counted as its ``jobs`` are.
    """

    jobs: list[Job]
    next: str | None = None
    counts: dict[str, int] = {}
    """Number of jobs in the home by status."""
    paused: str = ""
    """While the queue is paused: since when, by whom, and how it goes on."""

    def __iter__(self) -> Iterator[Job]:
        return iter(self.jobs)

    def __len__(self) -> int:
        return len(self.jobs)


class Blocker(msgspec.Struct, frozen=True):
    """One thing that a waiting job waits for."""

    code: str
    message: str


class Explanation(msgspec.Struct, frozen=True):
    """Why a job stands where it stands: one sentence, and each blocker by itself."""

    id: str
    status: Status
    message: str
    blockers: list[Blocker] = []
    starts_about: datetime | None = None
    """When it starts at the latest, where the time limits of the jobs before it say so."""


class Cost(msgspec.Struct, frozen=True):
    """What a job takes at most: hours of GPUs, and money where the site has prices; None where nothing bounds it.

    ``per_hour`` and ``at_most`` are in ``currency``, which the site calls as it likes.
    """

    gpu_hours: float | None = None
    per_hour: float | None = None
    at_most: float | None = None
    currency: str = ""


class DryRun(msgspec.Struct, frozen=True):
    """What a submission would become: the spec as read, how each limit would be enforced, what it would wait for.

    ``host`` is where it would run.
    """

    spec: JobSpec
    limits: list[Limit]
    explanation: Explanation
    host: str = ""
    cost: Cost = Cost()
