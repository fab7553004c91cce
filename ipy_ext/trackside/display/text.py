"""Jobs, runs, artifacts and GPUs as plain text that reads like sentences. Pure: values and the time come in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from trackside.models import (
    FINAL,
    STATUSES,
    WAITING,
    Artifact,
    Cost,
    DryRun,
    Gpu,
    GpuHolder,
    GpuReport,
    Job,
    Limit,
    RunInfo,
)
from trackside.models.units import format_duration, format_size
from trackside.sdk.standing import count, gpu_names, gpu_words, label, short_id, state

__all__ = [
    "artifact_list",
    "dry_run",
    "gpu_list",
    "gpu_rows",
    "job_card",
    "job_rows",
    "job_table",
    "limit_words",
    "now_utc",
    "number",
    "run_rows",
    "run_table",
    "state_counts",
    "table",
    "unlimited_words",
    "when",
]

_UNITS = {"memory": "size", "gpu_memory": "size", "max_output": "size", "time": "duration"}


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


def job_card(job: Job, now: datetime, *, carried: str = "", brought: str = "") -> str:
    """Return a job in a few lines: what it is and where it stands, what it holds, what was carried in and brought back."""
    lines = [f"{label(job)} · {state(job, now)}"]
    facts = [
        gpu_words(job),
        f"peak memory {format_size(job.peak_memory)}" if job.peak_memory else "",
        cost_words(job),
        *(limit_words(limit) for limit in job.limits if _was_asked(limit, job)),
        unlimited_words(job),
    ]
    if said := " · ".join(fact for fact in facts if fact):
        lines.append(said)
    if carried:
        lines.append(carried)
    if brought:
        lines += ["brought back:", *(f"  {line}" for line in brought.splitlines())]
    if job.status in FINAL and job.finished_at is not None:
        lines.append(f"ended {when(job.finished_at, now)}, files in {job.run_dir}")
    return "\n".join(lines)


def cost_words(job: Job) -> str:
    """Return ``"2.50 EUR an hour, 5.00 EUR and 2 GPU-hours so far"``, of an ended job what it took; nothing where that is nothing."""
    price = "" if job.cost_per_hour is None else f"{_money(job.cost_per_hour, job.currency)} an hour"
    paid = "" if job.cost is None else _money(job.cost, job.currency)
    taken = " and ".join(part for part in (paid, _gpu_hours(job.gpu_hours) if job.gpu_hours >= 0.01 else "") if part)
    if job.status != "running":
        return taken
    return ", ".join(part for part in (price, f"{taken} so far" if taken else "") if part)


def unlimited_words(job: Job) -> str:
    """Return what a job on GPUs without a time limit means for others; nothing for any other job."""
    if job.status in FINAL or not job.spec.gpus.count or job.spec.time is not None:
        return ""
    held = "its GPU" if job.spec.gpus.count <= 1 else "its GPUs"
    return f"no time limit: it holds {held} until it ends by itself"


def _was_asked(limit: Limit, job: Job) -> bool:
    """Whether a limit is the submitter's own, not what every job has."""
    asked: object = getattr(job.spec, limit.name, None)
    return asked is not None and not (limit.name == "cpus" and asked == 1.0)


def limit_words(limit: Limit) -> str:
    """Return a limit, and what enforces it: ``"memory 8.0 GB, enforced by systemd"``."""
    kind = _UNITS.get(limit.name, "")
    if kind == "size":
        value = format_size(limit.value)
    elif kind == "duration":
        value = format_duration(limit.value)
    else:
        value = f"{limit.value:g}"
    by = f" by {limit.by}" if limit.by else ""
    return f"{limit.name.replace('_', ' ')} {value}, {f'enforced{by}' if limit.enforced else 'not enforced here'}"


def state_counts(counts: Mapping[str, int]) -> str:
    """Return ``"1 running · 2 waiting · 38 completed"`` from the numbers of jobs by status."""
    waiting = sum(counts.get(status, 0) for status in WAITING)
    parts = [("running", counts.get("running", 0)), ("waiting", waiting)]
    parts += [(status, counts.get(status, 0)) for status in STATUSES if status in FINAL]
    return " · ".join(f"{number} {word}" for word, number in parts if number) or "no jobs yet"


_LEAST = 20
"""Characters of a state or summary that stay, however narrow the screen."""
_LONGEST_NAME = 60
_LONGEST_VALUE = 30

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
            gpu_names(job.gpus) or ("" if not job.spec.gpus.count else str(job.spec.gpus)),
            when(job.started_at or job.created_at, now),
        )
        for job in jobs
    ]


def run_rows(runs: Sequence[RunInfo], now: datetime) -> list[tuple[str, ...]]:
    """Return one row of ``RUN_HEAD`` per run; names, tags and values that people chose are cut, and stay on one line."""
    return [
        (
            run.id,
            _one_line(run.name, _LONGEST_NAME),
            _one_line(state(run, now)),
            _one_line(", ".join(run.tags), _LONGEST_NAME),
            "  ".join(_summed(key, value) for key, value in list(run.summary.items())[:4]),
            when(run.started_at, now) if run.started_at else "",
        )
        for run in runs
    ]


def _summed(key: str, value: object) -> str:
    return f"{_one_line(key, _LONGEST_VALUE)} {_one_line(number(value), _LONGEST_VALUE)}"


def _one_line(text: str, most: int = 0) -> str:
    """The text with what would break a line, or command a terminal, spelt out; cut to so many characters, if any."""
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return f"{shown[: most - 1]}…" if 0 < most < len(shown) else shown


def gpu_rows(gpus: Sequence[Gpu], now: datetime) -> list[tuple[str, ...]]:
    """Return one row of ``GPU_HEAD`` per GPU."""
    return [
        (
            str(gpu.index),
            gpu.name,
            f"{format_size(gpu.memory_used)} of {format_size(gpu.memory_total)}" if gpu.memory_total else "",
            "" if gpu.utilization is None else f"{gpu.utilization:.0f} %",
            _holders(gpu, now),
        )
        for gpu in gpus
    ]


def _holders(gpu: Gpu, now: datetime) -> str:
    if gpu.error:
        return f"not handed out: {gpu.error}"
    if not gpu.holders:
        return "free" if gpu.free else "in use"
    return ", ".join(_holder(holder, now) for holder in gpu.holders)


def _holder(holder: GpuHolder, now: datetime) -> str:
    words = f"kernel {holder.label}" if holder.kind == "kernel" else holder.label
    if holder.kind == "process":
        words += f" · process {holder.pid}"
    words += f" · {short_id(holder.id)}" if holder.id else ""
    words += f" ({holder.user})" if holder.user else ""
    facts = [
        f"{holder.share:g} of it" if holder.share < 1 else "",
        format_size(holder.memory) if holder.memory else "",
        f"idle {format_duration((now - holder.idle_since).total_seconds())}" if holder.idle_since else "",
        f"since {when(holder.since, now)}" if holder.since else "",
        f"until {when(holder.until, now)} at the latest" if holder.until else "",
    ]
    return " · ".join([words, *(fact for fact in facts if fact)])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under a head, columns aligned; columns that are empty in every row are left out."""
    used = [column for column in range(len(head)) if any(row[column] for row in rows)]
    lines = [[head[column] for column in used], *([row[column] for column in used] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(used))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def job_table(jobs: Sequence[Job], counts: Mapping[str, int], now: datetime, width: int = 0) -> str:
    """Return the list of jobs under one line of counts; on a screen of ``width`` only their states are cut."""
    if not jobs:
        return (
            f"No such job; {state_counts(counts)} in all."
            if any(counts.values())
            else "No jobs yet. %%submit over a cell makes one."
        )
    return f"{state_counts(counts)}\n\n{_fitting(JOB_HEAD, job_rows(jobs, now), 'state', width)}"


def _fitting(head: Sequence[str], rows: list[tuple[str, ...]], column: str, width: int) -> str:
    """The table with this column cut so that it is as wide as a screen, if there is one."""
    whole = table(head, rows)
    over = max(map(len, whole.splitlines())) - width
    if not width or over <= 0:
        return whole
    place = head.index(column)
    room = max(_LEAST, max(len(row[place]) for row in rows) - over)
    cut = [row[place] if len(row[place]) <= room else f"{row[place][: room - 1]}…" for row in rows]
    return table(head, [(*row[:place], said, *row[place + 1 :]) for row, said in zip(rows, cut, strict=True)])


def run_table(runs: Sequence[RunInfo], query: str, now: datetime, width: int = 0) -> str:
    """Return the list of runs, or a sentence when there is none; on a screen of ``width`` their summaries are cut."""
    if not runs:
        return f"No run matches {query!r}." if query else "No runs yet. %%track over a cell makes one."
    return _fitting(RUN_HEAD, run_rows(runs, now), "summary", width)


def dry_run(answer: DryRun) -> str:
    """Return what a submission would become."""
    limits = [limit_words(limit) for limit in answer.limits]
    told = answer.explanation
    where = f" on {answer.host}" if answer.host else ""
    starts = f"It would wait{where}: {told.message.rstrip('.')}." if told.blockers else f"It would start now{where}."
    lines = [f"Nothing was submitted. {starts}", " · ".join(limits), _cost_said(answer.cost)]
    return "\n".join(line for line in lines if line)


def _cost_said(cost: Cost) -> str:
    """Return ``"It costs up to 2.50 EUR an hour, 5.00 EUR in all, 2 GPU-hours."``, as far as it is known."""
    parts = [
        "" if cost.per_hour is None else f"{_money(cost.per_hour, cost.currency)} an hour",
        "" if cost.at_most is None else f"{_money(cost.at_most, cost.currency)} in all",
        "" if cost.gpu_hours is None else _gpu_hours(cost.gpu_hours),
    ]
    said = ", ".join(part for part in parts if part)
    return f"It {'takes' if cost.per_hour is None else 'costs'} up to {said}." if said else ""


def _gpu_hours(hours: float) -> str:
    return f"{hours:.3g} GPU-hour{'' if hours == 1 else 's'}"


def _money(amount: float, currency: str) -> str:
    return f"{amount:.2f} {currency}".rstrip() if currency.isalpha() or not currency else f"{currency}{amount:.2f}"


def artifact_list(
    run: str, artifacts: Sequence[Artifact], now: datetime, *, truncated: bool = False, most: int | None = None
) -> str:
    """Return the files of a run with their sizes, the first ``most`` of them, or a sentence when there is none."""
    if not artifacts:
        return f"{run} has no artifacts."
    rows = [(item.path, format_size(item.size), when(item.modified, now)) for item in artifacts[:most]]
    total = format_size(sum(item.size for item in artifacts))
    more = ", and more that are not listed" if truncated else ""
    rest = f"\n… and {len(artifacts) - len(rows)} more" if len(rows) < len(artifacts) else ""
    head = f"{run}: {count(len(artifacts), 'artifact')}, {total}{more}"
    return f"{head}\n\n{table(('path', 'size', 'saved'), rows)}{rest}"


def gpu_list(report: GpuReport, now: datetime, warnings: Sequence[str] = ()) -> str:
    """Return who holds which GPU, or why there is none; ``warnings`` are sentences below."""
    if not report.gpus:
        return report.message or "This machine has no GPU that Trackside can use."
    free = sum(gpu.free for gpu in report.gpus)
    head = f"{free} of {len(report.gpus)} free" + (f" · {report.message}" if report.message else "")
    return "\n\n".join(
        [head, table(GPU_HEAD, gpu_rows(report.gpus, now)), *(["\n".join(warnings)] if warnings else [])]
    )


def now_utc() -> datetime:
    """Return the time, in UTC: the one impure function here, for those who show something now."""
    return datetime.now(UTC)
