"""Wire values: what clients and server say to each other. No I/O."""

from trackside.models.event import Event, JobChanged, JobDeleted, QueueChanged, RunChanged
from trackside.models.job import Blocker, Cost, DryRun, Explanation, Job, JobPage, Limit
from trackside.models.log import LogMatch, LogMatches
from trackside.models.media import MediaKey, MediaPage, MediaRecord
from trackside.models.preview import PreviewColumn, TablePreview
from trackside.models.progress import Progress
from trackside.models.queue import Queue
from trackside.models.resources import GpuRequest, parse_gpus
from trackside.models.run import (
    Artifact,
    ArtifactPage,
    Comparison,
    ConfigRow,
    Curve,
    MetricFacts,
    MetricRow,
    Metrics,
    RunInfo,
    RunPage,
    RunTable,
    Series,
    SourceDiff,
)
from trackside.models.spec import Dependency, JobSpec, Upload
from trackside.models.status import FINAL, STATUSES, WAITING, Reason, Status
from trackside.models.submission import Submission, parse_submission
from trackside.models.system import BusyProcess, Disk, Gpu, GpuHolder, GpuReport, Health, Network, SystemSample

__all__ = [
    "FINAL",
    "STATUSES",
    "WAITING",
    "Artifact",
    "ArtifactPage",
    "Blocker",
    "BusyProcess",
    "Comparison",
    "ConfigRow",
    "Cost",
    "Curve",
    "Dependency",
    "Disk",
    "DryRun",
    "Event",
    "Explanation",
    "Gpu",
    "GpuHolder",
    "GpuReport",
    "GpuRequest",
    "Health",
    "Job",
    "JobChanged",
    "JobDeleted",
    "JobPage",
    "JobSpec",
    "Limit",
    "LogMatch",
    "LogMatches",
    "MediaKey",
    "MediaPage",
    "MediaRecord",
    "MetricFacts",
    "MetricRow",
    "Metrics",
    "Network",
    "PreviewColumn",
    "Progress",
    "Queue",
    "QueueChanged",
    "Reason",
    "RunChanged",
    "RunInfo",
    "RunPage",
    "RunTable",
    "Series",
    "SourceDiff",
    "Status",
    "Submission",
    "SystemSample",
    "TablePreview",
    "Upload",
    "parse_gpus",
    "parse_submission",
]  # fmt: skip
