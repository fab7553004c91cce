"""A job as the server answers it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from trackside.models.spec import JobSpec
from trackside.models.status import FINAL, Reason, Status

__all__ = ["Blocker", "DryRun", "Explanation", "Job", "JobPage", "Limit"]


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
    attempt: int = 0
    executor: str = "local"
    cancelling: bool = False
    gpus: list[str] = []
    limits: list[Limit] = []
    peak_memory: int | None = None
    """Bytes, the highest seen for the whole process tree."""
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
    """Jobs, newest first; ``next`` is the cursor of the following page, None on the last one."""

    jobs: list[Job]
    next: str | None = None
    counts: dict[str, int] = {}
    """Number of jobs in the home by status."""


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


class DryRun(msgspec.Struct, frozen=True):
    """What a submission would become: the spec as read, how each limit would be enforced, what it would wait for."""

    spec: JobSpec
    limits: list[Limit]
    explanation: Explanation
