"""Jobs and runs as the store keeps them; pure values, no I/O."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TypedDict

import msgspec

from trackside.models import FINAL, Job, JobSpec, Limit, MetricFacts, Reason, RunInfo, Status

__all__ = ["JobChanges", "JobRecord", "RunRow", "job_id", "job_seq"]

_JOB_ID = re.compile(r"(?:job-)?([1-9][0-9]{0,17})")


def job_id(seq: int) -> str:
    """Return the id of the job with this number: ``"job-41"``."""
    return f"job-{seq}"


def job_seq(text: str) -> int | None:
    """Return the number that ``"job-41"`` or ``"41"`` names, or None when the text is no job's id."""
    match = _JOB_ID.fullmatch(text.strip())
    return int(match[1]) if match else None


class JobRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One job as the store keeps it. Timestamps are aware and in UTC.

    Neither secrets nor the values of the carried environment are part of it. A field added later must have a
    default: records written before are read with it. No record is part of a cycle, so the collector leaves them out
    (``gc=False``): ten thousand are then read twice as fast.
    """

    seq: int = 0
    """The number in the id; 0 until the store has given one."""
    uuid: str
    name: str | None = None
    status: Status = "pending"
    reason: Reason | None = None
    exit_code: int | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempt: int = 0
    """How many attempts were begun."""
    executor: str = "local"
    priority: int = 0
    tags: tuple[str, ...] = ()
    cancel_requested: Reason | None = None
    """Why the job is being stopped, while it is not stopped yet."""
    gpus: tuple[str, ...] = ()
    """UUIDs of the GPUs that the attempt holds or held last."""
    limits: tuple[Limit, ...] = ()
    peak_memory: int | None = None
    """Bytes, the highest seen for the whole process tree."""
    not_before: datetime | None = None
    """The earliest start: as asked for, or the pause before a retry."""
    retried: int = 0
    """How often it was started again by itself."""
    last_end: Reason | None = None
    """How the attempt before ended, while the job waits to be started again by itself."""
    held: str = ""
    """Why it may not start although it waits, until somebody lets it."""
    run_dir: str
    spec: JobSpec

    @property
    def id(self) -> str:
        """The job's id, ``"job-41"``."""
        return job_id(self.seq)

    @property
    def is_terminal(self) -> bool:
        """Whether the status is final."""
        return self.status in FINAL

    def to_wire(self, home_id: str, message: str = "") -> Job:
        """Return the job as the server answers it; ``message`` is one sentence for people."""
        return Job(
            id=self.id,
            uuid=self.uuid,
            home_id=home_id,
            run_id=self.id,
            run_dir=self.run_dir,
            name=self.name or self.id,
            status=self.status,
            reason=self.reason,
            message=message,
            exit_code=self.exit_code,
            created_at=self.created_at,
            started_at=self.started_at,
            finished_at=self.finished_at,
            not_before=self.not_before,
            retried=self.retried,
            attempt=self.attempt,
            executor=self.executor,
            cancelling=self.cancel_requested is not None and not self.is_terminal,
            gpus=list(self.gpus),
            limits=list(self.limits),
            peak_memory=self.peak_memory,
            spec=self.spec,
        )


class JobChanges(TypedDict, total=False):
    """What of a job may change after its submission; the names and types of ``JobRecord``."""

    name: str | None
    status: Status
    reason: Reason | None
    exit_code: int | None
    started_at: datetime | None
    finished_at: datetime | None
    attempt: int
    executor: str
    priority: int
    tags: tuple[str, ...]
    cancel_requested: Reason | None
    gpus: tuple[str, ...]
    limits: tuple[Limit, ...]
    peak_memory: int | None
    not_before: datetime | None
    retried: int
    held: str
    last_end: Reason | None
    run_dir: str
    spec: JobSpec


class RunRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One run folder as the index knows it; the folder itself is the truth.

    ``created_at`` (UTC) places the run among the others. ``meta_mtime_ns`` is the modification time of ``meta.json``
    when it was read, so that an unchanged folder need not be read again. ``metrics`` are known once an ended run was
    looked through; of one that goes on, they are those of the last query that asked for metrics. ``imported_at`` is None
    for a run that began in this home.
    """

    id: str
    uuid: str
    name: str
    status: Status
    reason: Reason | None = None
    run_dir: str
    job_id: str | None = None
    tags: tuple[str, ...] = ()
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    imported_at: datetime | None = None
    duration_seconds: float | None = None
    summary: dict[str, object] = {}
    config: dict[str, object] = {}
    metrics: dict[str, MetricFacts] = {}
    meta_mtime_ns: int = 0

    @property
    def is_terminal(self) -> bool:
        """Whether the status is final."""
        return self.status in FINAL

    def to_wire(self, home_id: str) -> RunInfo:
        """Return the run as the server answers it."""
        return RunInfo(
            id=self.id,
            uuid=self.uuid,
            home_id=home_id,
            name=self.name,
            status=self.status,
            reason=self.reason,
            run_dir=self.run_dir,
            job_id=self.job_id,
            tags=list(self.tags),
            started_at=self.started_at,
            finished_at=self.finished_at,
            duration_seconds=self.duration_seconds,
            summary=self.summary,
            config=self.config,
            metrics=self.metrics,
        )
