"""Runs, their artifacts and their metrics as the server answers them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from trackside.models.status import Reason, Status

__all__ = [
    "Artifact",
    "ArtifactPage",
    "Comparison",
    "ConfigRow",
    "MetricRow",
    "Metrics",
    "RunInfo",
    "RunPage",
    "Series",
]


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One run: the facts of its ``meta.json`` and ``config.json``."""

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
    summary: dict[str, object] = {}
    config: dict[str, object] = {}


class RunPage(msgspec.Struct, frozen=True):
    """Runs, newest first; ``next`` is the cursor of the following page, None on the last one."""

    runs: list[RunInfo]
    next: str | None = None


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
    """One key of the configuration over several runs, in their order; None where a run has no such key."""

    key: str
    values: list[object]
    differs: bool


class MetricRow(msgspec.Struct, frozen=True):
    """One metric over several runs, in their order: last, least and greatest value; None where a run has none."""

    key: str
    last: list[float | str | None]
    min: list[float | None]
    max: list[float | None]


class Comparison(msgspec.Struct, frozen=True):
    """Runs side by side; the configuration that differs comes first."""

    runs: list[RunInfo]
    config: list[ConfigRow]
    metrics: list[MetricRow]
