"""Jobs, runs, artifacts and GPUs as plain text that reads like sentences. Pure: values and the time come in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from trackside.models import FINAL, STATUSES, Artifact, Gpu, GpuReport, Job, Limit, RunInfo
from trackside.models.job import DryRun
from trackside.models.units import format_duration, format_size
from trackside.sdk.standing import count, gpu_words, label, short_id, state

__all__ = [
    "artifact_list",
    "dry_run",
    "gpu_list",
    "gpu_rows",
    "job_card",
    "job_rows",
    "job_table",
    "now_utc",
    "number",
    "run_rows",
    "run_table",
    "state_counts",
    "table",
    "when",
]

_UNITS = {"memory": "size", "gpu_memory": "size", "max_output": "size", "time": "duration", "cpus": "count"}
_WAITING = ("pending", "scheduled")


def when(moment: datetime, now: datetime) -> str:
    """Return a moment in local time, without the day when it is today."""
    local, today = moment.astimezone(), now.astimezone()
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%Y-%m-%d %H:%M}"


def number(value: object) -> str:
    """Return a metric as people read it: four significant digits, no needless zeros."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "" if value is None else str(value)
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e6):
        return f"{int(value)}"
    return "NaN" if math.isnan(value) else f"{value:.4g}"


def job_card(job: Job, now: datetime, *, carried: str = "") -> str:
    """Return a job in two or three lines: what it is and where it stands, what it holds, what was carried in."""
    lines = [f"{label(job)} · {state(job, now)}"]
    facts = [
        gpu_words(job),
        f"peak memory {format_size(job.peak_memory)}" if job.peak_memory else "",
        *(_limit_words(limit) for limit in job.limits if _was_asked(limit, job)),
    ]
    if said := " · ".join(fact for fact in facts if fact):
        lines.append(said)
    if carried:
        lines.append(carried)
    if job.status in FINAL and job.finished_at is not None:
        lines.append(f"ended {when(job.finished_at, now)}, files in {job.run_dir}")
    return "\n".join(lines)


def _was_asked(limit: Limit, job: Job) -> bool:
    """Whether a limit is the submitter's own, not what every job has."""
    asked: object = getattr(job.spec, limit.name, None)
    return asked is not None and not (limit.name == "cpus" and asked == 1.0)


def _limit_words(limit: Limit) -> str:
    kind = _UNITS.get(limit.name, "")
    if kind == "size":
        value = format_size(limit.value)
    elif kind == "duration":
        value = format_duration(limit.value)
    else:
        value = f"{limit.value:g}"
    return f"{limit.name} {value}, {'enforced' if limit.enforced else 'not enforced'}"


def state_counts(counts: Mapping[str, int]) -> str:
    """Return ``"1 running · 2 waiting · 38 completed"`` from the numbers of jobs by status."""
    waiting = sum(counts.get(status, 0) for status in _WAITING)
    parts = [("running", counts.get("running", 0)), ("waiting", waiting)]
    parts += [(status, counts.get(status, 0)) for status in STATUSES if status in FINAL]
    return " · ".join(f"{number} {word}" for word, number in parts if number) or "no jobs yet"


JOB_HEAD = ("id", "name", "state", "GPUs", "since")
RUN_HEAD = ("run", "name", "state", "tags", "summary", "started")
GPU_HEAD = ("GPU", "model", "memory", "busy", "who")


def job_rows(jobs: Sequence[Job], now: datetime) -> list[tuple[str, ...]]:
    """Return one row of ``JOB_HEAD`` per job."""
    return [
        (
            short_id(job.id),
            job.name,
            state(job, now),
            ", ".join(job.gpus) or ("" if not job.spec.gpus.count else str(job.spec.gpus)),
            when(job.started_at or job.created_at, now),
        )
        for job in jobs
    ]


def run_rows(runs: Sequence[RunInfo], now: datetime) -> list[tuple[str, ...]]:
    """Return one row of ``RUN_HEAD`` per run."""
    return [
        (
            run.id,
            run.name,
            state(run, now),
            ", ".join(run.tags),
            "  ".join(f"{key} {number(value)}" for key, value in list(run.summary.items())[:4]),
            when(run.started_at, now) if run.started_at else "",
        )
        for run in runs
    ]


def gpu_rows(gpus: Sequence[Gpu], now: datetime) -> list[tuple[str, ...]]:
    """Return one row of ``GPU_HEAD`` per GPU."""
    return [
        (
            str(gpu.index),
            gpu.name,
            f"{format_size(gpu.memory_used)} of {format_size(gpu.memory_total)}",
            "" if gpu.utilization is None else f"{gpu.utilization:.0f} %",
            _holders(gpu, now),
        )
        for gpu in gpus
    ]


def _holders(gpu: Gpu, now: datetime) -> str:
    if not gpu.holders:
        return "free" if gpu.free else "in use"
    said = []
    for holder in gpu.holders:
        words = f"{holder.label} · {short_id(holder.id)}" if holder.id else holder.label
        words += f" ({holder.user})" if holder.user else ""
        if holder.idle_since is not None:
            words += f" · idle {format_duration((now - holder.idle_since).total_seconds())}"
        said.append(words)
    return ", ".join(said)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under a head, columns aligned; columns that are empty in every row are left out."""
    used = [column for column in range(len(head)) if any(row[column] for row in rows)]
    lines = [[head[column] for column in used], *([row[column] for column in used] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(used))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def job_table(jobs: Sequence[Job], counts: Mapping[str, int], now: datetime) -> str:
    """Return the list of jobs under one line of counts."""
    if not jobs:
        return (
            f"No such job; {state_counts(counts)} in all."
            if any(counts.values())
            else "No jobs yet. %%submit over a cell makes one."
        )
    return f"{state_counts(counts)}\n\n{table(JOB_HEAD, job_rows(jobs, now))}"


def run_table(runs: Sequence[RunInfo], query: str, now: datetime) -> str:
    """Return the list of runs, or a sentence when there is none."""
    if not runs:
        return f"No run matches {query!r}." if query else "No runs yet. %%track over a cell makes one."
    return table(RUN_HEAD, run_rows(runs, now))


def dry_run(answer: DryRun) -> str:
    """Return what a submission would become."""
    limits = [_limit_words(limit) for limit in answer.limits]
    return "\n".join(
        [f"Nothing was submitted. {answer.explanation.message}", *([" · ".join(limits)] if limits else [])]
    )


def artifact_list(run: str, artifacts: Sequence[Artifact], now: datetime, *, truncated: bool = False) -> str:
    """Return the files of a run with their sizes, or a sentence when there is none."""
    if not artifacts:
        return f"{run} has no artifacts."
    rows = [(item.path, format_size(item.size), when(item.modified, now)) for item in artifacts]
    total = format_size(sum(item.size for item in artifacts))
    more = ", and more that are not listed" if truncated else ""
    return f"{run}: {count(len(artifacts), 'artifact')}, {total}{more}\n\n{table(('path', 'size', 'saved'), rows)}"


def gpu_list(report: GpuReport, now: datetime) -> str:
    """Return who holds which GPU, or why there is none."""
    if not report.gpus:
        return report.message or "This machine has no GPU that Trackside can use."
    free = sum(gpu.free for gpu in report.gpus)
    head = f"{free} of {len(report.gpus)} free" + (f" · {report.message}" if report.message else "")
    return f"{head}\n\n{table(GPU_HEAD, gpu_rows(report.gpus, now))}"


def now_utc() -> datetime:
    """Return the time, in UTC: the one impure function here, for those who show something now."""
    return datetime.now(UTC)
