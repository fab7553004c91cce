"""Wire values: what clients and server say to each other. No I/O."""

from trackside.models.event import Event, JobChanged, JobDeleted, RunChanged
from trackside.models.job import Blocker, Explanation, Job, JobPage, Limit
from trackside.models.resources import GpuRequest, parse_gpus
from trackside.models.run import (
    Artifact,
    ArtifactPage,
    Comparison,
    ConfigRow,
    MetricRow,
    Metrics,
    RunInfo,
    RunPage,
    Series,
)
from trackside.models.spec import JobSpec
from trackside.models.status import FINAL, STATUSES, Reason, Status
from trackside.models.submission import Submission, parse_submission
from trackside.models.system import Gpu, GpuHolder, GpuReport, Health, SystemSample

__all__ = [
    "FINAL", "STATUSES", "Artifact", "ArtifactPage", "Blocker", "Comparison", "ConfigRow", "Event", "Explanation", "Gpu", "GpuHolder",
    "GpuReport", "GpuRequest", "Health", "Job", "JobChanged", "JobDeleted", "JobPage", "JobSpec", "Limit", "MetricRow", "Metrics",
    "Reason", "RunChanged", "RunInfo", "RunPage", "Series", "Status", "Submission", "SystemSample", "parse_gpus",
    "parse_submission",
]  # fmt: skip
