"""Runs, their artifacts and their metrics as the server answers them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from trackside.models.status import Reason, Status

__all__ = [
    "Artifact",
    "ArtifactPage",
    "Comparison",
    "ConfigRow",
    "Curve",
    "MetricFacts",
    "MetricRow",
    "Metrics",
    "RunInfo",
    "RunPage",
    "RunTable",
    "Series",
    "SourceDiff",
]


class MetricFacts(msgspec.Struct, frozen=True, gc=False):
    """One metric of a run: how many values, the last one, and the bounds of the finite ones.

    ``last`` is a text where it is ``"NaN"``, ``"Infinity"`` or ``"-Infinity"``.
    """

    count: int
    last: float | str | None = None
    min: float | None = None
    max: float | None = None


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One run: the facts of its ``meta.json`` and ``config.json``.

    ``metrics`` are there once it has ended and was looked through; while it goes on, as of the last query that asked for
    metrics.
    """

    id: str
    uuid: str
    home_id: str
    name: str
    status: Status
    reason: Reason | None = None
    run_dir: str
    job_id: str | None = None
    tags: list[str] = []
    started_at: datetime | None = None
    finished_at: datetime | None = None
    duration_seconds: float | None = None
    gpu_hours: float = 0.0
    """Of a job: hours of GPUs over all attempts that are over."""
    cost: float | None = None
    """Of a job: what those cost by the site's prices, in the site's currency."""
    summary: dict[str, object] = {}
    config: dict[str, object] = {}
    metrics: dict[str, MetricFacts] = {}


class RunPage(msgspec.Struct, frozen=True):
    """Runs, newest first; ``next`` is the cursor of the following page, None on the last one.

    It is iterated over and counted as its ``runs`` are.
    """

    runs: list[RunInfo]
    next: str | None = None
    total: int | None = None
    """How many runs fit, where that was asked for."""

    def __iter__(self) -> Iterator[RunInfo]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)


class RunTable(msgspec.Struct, frozen=True):
    """Runs as columns of one length, newest first: ``id name status tags started duration``, then ``config.KEY``,
    ``summary.KEY`` and ``METRIC.last``, ``METRIC.min``, ``METRIC.max``.

    Nested settings are joined by dots, what was logged or summed up nested by slashes; None where a run has no such value. ``more``: there are runs beyond the limit.
    """

    columns: dict[str, list[object]]
    more: bool = False


class Artifact(msgspec.Struct, frozen=True):
    """One file: ``path`` relative to the root asked for, ``size`` in bytes, ``modified`` in UTC."""

    path: str
    name: str
    size: int
    modified: datetime


class ArtifactPage(msgspec.Struct, frozen=True):
    """Files below ``artifacts/`` or the run folder, by path."""

    artifacts: list[Artifact]
    truncated: bool = False


class Series(msgspec.Struct, frozen=True):
    """One curve: ``x`` and ``y`` have the same length; None in ``y`` is NaN or an infinity."""

    x: list[float]
    y: list[float | None]
    count: int
    """Number of points before downsampling."""
    last: float | str | None = None
    min: float | None = None
    max: float | None = None


class Metrics(msgspec.Struct, frozen=True):
    """Curves by key. ``next`` is the byte offset in ``metrics.jsonl`` from which to go on; ``torn`` lines were passed over."""

    run_id: str
    x: str
    series: dict[str, Series]
    next: int
    torn: int = 0


class ConfigRow(msgspec.Struct, frozen=True):
    """One key of configuration or environment over several runs, in their order; None where a run has no such key."""

    key: str
    values: list[object]
    differs: bool


class MetricRow(msgspec.Struct, frozen=True):
    """One metric over several runs, in their order: last, least and greatest value; None where a run has none."""

    key: str
    last: list[float | str | None]
    min: list[float | None]
    max: list[float | None]


class Curve(msgspec.Struct, frozen=True):
    """One metric of several runs over one axis: ``y`` has one list per run, in their order, each as long as ``x``.

    At each place stands a run's newest value up to there; None before its first and after its last, and for NaN.
    """

    key: str
    x: list[float]
    y: list[list[float | None]]


class SourceDiff(msgspec.Struct, frozen=True):
    """How one file of a run's source differs from that of the first run, as a unified diff; ``cut``: it goes on."""

    run_id: str
    path: str
    diff: str
    cut: bool = False


class Comparison(msgspec.Struct, frozen=True):
    """Runs side by side; what differs comes first.

    ``environment`` has rows for host, Python, GPUs, git and each package whose version differs. ``source`` is against
    the first run; files that are the same are left out. ``no_source`` are the ids of runs of which none was kept.
    """

    runs: list[RunInfo]
    config: list[ConfigRow]
    metrics: list[MetricRow]
    environment: list[ConfigRow] = []
    source: list[SourceDiff] = []
    x: str = "step"
    curves: list[Curve] = []
    no_source: list[str] = []
