"""Where a job or run stands, in a few words. Pure: values and the time come in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trackside.models import FINAL, Job, RunInfo
from trackside.models.progress import Progress
from trackside.models.units import format_duration

__all__ = [
    "clock",
    "count",
    "elapsed",
    "gpu_names",
    "gpu_words",
    "label",
    "progress_words",
    "short_id",
    "state",
    "summary_line",
]


def short_id(job_id: str) -> str:
    """Return the number of a job's id, as people say it: ``"41"`` of ``"job-41"``; other ids stay whole."""
    return job_id.removeprefix("job-")


def label(thing: Job | RunInfo) -> str:
    """Return ``"baseline · job-41"``, or the id alone where there is no other name."""
    return thing.id if thing.name == thing.id else f"{thing.name} · {thing.id}"


def count(number: float, one: str, many: str | None = None) -> str:
    """Return ``"1 GPU"``, ``"2 GPUs"`` or ``"0.5 GPU"``."""
    word = one if number <= 1 and number != 0 else (many or f"{one}s")
    return f"{number:g} {word}"


def clock(seconds: float) -> str:
    """Return ``"03:12"``, ``"1:03:12"`` or ``"2 d 01:03:12"``."""
    whole = max(0, int(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} d {hour:02}:{minute:02}:{second:02}"
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute:02}:{second:02}"


def elapsed(thing: Job | RunInfo, now: datetime) -> float | None:
    """Return the seconds since a job or run started, up to its end; None while it has not started."""
    if thing.started_at is None:
        return None
    return max(0.0, ((thing.finished_at or now) - thing.started_at).total_seconds())


def state(thing: Job | RunInfo, now: datetime) -> str:
    """Return where a job or run stands: ``"running · 03:12"``, ``"failed · out of memory after 11 min"``."""
    seconds = elapsed(thing, now)
    if thing.status == "running":
        word = "cancelling" if isinstance(thing, Job) and thing.cancelling else "running"
        how_far = thing.progress if isinstance(thing, Job) else None
        parts = [word, "" if seconds is None else clock(seconds), *(progress_words(how_far, now) if how_far else ())]
        return " · ".join(part for part in parts if part)
    if thing.status == "completed":
        return f"completed in {format_duration(seconds)}" if seconds is not None else "completed"
    if thing.status in FINAL:
        why = _reason(thing)
        gap = " · " if thing.reason and thing.reason.code == "exception" else " "
        after = f"{gap}after {format_duration(seconds)}" if seconds is not None else ""
        return f"{thing.status} · {why}{after}" if why else f"{thing.status}{after}"
    waiting = thing.message.rstrip(".") if isinstance(thing, Job) else ""
    return f"{thing.status} · {waiting}" if waiting else thing.status


def progress_words(progress: Progress, now: datetime) -> list[str]:
    """Return ``["epoch 37 of 100", "12 min left"]``: how far a job is, and how long it takes on at this pace."""
    done = f"{progress.i:g}" if progress.total is None else f"{progress.i:g} of {progress.total:g}"
    words = [f"{progress.label or ('step' if progress.total is None else '')} {done}".strip()]
    left = progress.seconds_left
    if left is not None:
        passed = (now - progress.at).total_seconds() if progress.at else 0.0
        words.append(f"{format_duration(max(0.0, left - max(0.0, passed)))} left")
    return words


def _reason(thing: Job | RunInfo) -> str:
    """Return why it did not complete, empty when the status says it all."""
    code = thing.reason.code if thing.reason else ""
    if code == "cancelled_by_user":
        return ""
    if code == "exit_code" and isinstance(thing, Job) and thing.exit_code is not None:
        return f"exit code {thing.exit_code}"
    if code == "exit_code" and thing.reason:
        return thing.reason.message.removeprefix("ended with ")
    if code == "exception" and thing.reason and thing.reason.message:
        return thing.reason.message.rstrip(".")
    return code.replace("_", " ")


def gpu_words(job: Job) -> str:
    """Return the GPUs that a job holds, or those that it asked for: ``"GPU-8f3a1c2d"``, ``"2 a100 GPUs"``."""
    if job.gpus:
        return gpu_names(job.gpus)
    asked = job.spec.gpus
    return count(asked.count, f"{asked.type} GPU" if asked.type else "GPU") if asked.count else ""


def gpu_names(uuids: Sequence[str]) -> str:
    """Return GPUs by as much of their uuids as people compare: ``"GPU-8f3a1c2d, MIG-77c0a1b2"``."""
    return ", ".join(uuid[:12] for uuid in uuids)


def summary_line(job: Job, now: datetime) -> str:
    """Return ``"41 baseline running · 2 GPUs · 03:12"``: a job in one line."""
    seconds = elapsed(job, now)
    named = short_id(job.id) if job.name == job.id else f"{short_id(job.id)} {job.name}"
    parts = [f"{named} {job.status}"]
    if job.status in FINAL and (why := _reason(job)):
        parts.append(why)
    if gpus := job.spec.gpus.count:
        parts.append(count(gpus, "GPU"))
    if seconds is not None:
        parts.append(format_duration(seconds) if job.status in FINAL else clock(seconds))
    return " · ".join(parts)
