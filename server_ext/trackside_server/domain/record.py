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
    cost_per_hour: float | None = None
    """What an hour of the attempt costs that goes on or was the last."""
    gpu_hours: float = 0.0
    cost: float | None = None
    """What the attempts took that are over."""
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

    def charged(self, until: datetime) -> tuple[float, float | None]:
        """Return the GPU-hours and the cost of all attempts when the one that goes on is counted up to this time.

        The cost is None where no attempt had a price.
        """
        if self.started_at is None:
            return self.gpu_hours, self.cost
        hours = max(0.0, (until - self.started_at).total_seconds()) / 3600
        gpu_hours = self.gpu_hours + hours * (self.spec.gpus.count if self.gpus else 0)
        if self.cost_per_hour is None:
            return gpu_hours, self.cost
        return gpu_hours, (self.cost or 0.0) + hours * self.cost_per_hour

    def to_wire(self, home_id: str, message: str = "", *, now: datetime | None = None, currency: str = "") -> Job:
        """Return the job as the server answers it; ``message`` is one sentence for people.

        What a running job takes is counted up to ``now``; without it, only the attempts that are over.
        """
        spent = (self.gpu_hours, self.cost)
        gpu_hours, cost = self.charged(now) if now is not None and self.status == "running" else spent
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
            gpu_hours=gpu_hours,
            cost_per_hour=self.cost_per_hour,
            cost=cost,
            currency=currency if self.cost_per_hour is not None or cost is not None else "",
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
    cost_per_hour: float | None
    gpu_hours: float
    cost: float | None
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
    gpu_hours: float = 0.0
    cost: float | None = None
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
            gpu_hours=self.gpu_hours,
            cost=self.cost,
            summary=self.summary,
            config=self.config,
            metrics=self.metrics,
        )
