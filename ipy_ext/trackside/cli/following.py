"""Staying with a job until it ends, and saying how it did."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from trackside.cli.terminal import Terminal
from trackside.errors import JobFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.models import Job

__all__ = ["follow", "going_on", "wait"]


def wait(terminal: Terminal, job: Job) -> int:
    """Wait for the job's end; returns the exit code: 0 only for a completed one."""
    terminal.note(_named(job))
    with going_on(terminal, job.id):
        return _ended(terminal, terminal.client.jobs.wait(job))


def follow(terminal: Terminal, job: Job) -> int:
    """Show the job's output as it comes, then how it ended; returns the exit code."""
    terminal.note(_named(job))
    with going_on(terminal, job.id):
        for text in terminal.client.jobs.logs(job, follow=True, binary=True):
            if not terminal.json:
                terminal.raw(text)
        return _ended(terminal, terminal.client.jobs.wait(job))


@contextmanager
def going_on(terminal: Terminal, job: str) -> Iterator[None]:
    """Say on Ctrl-C that only the watching ends."""
    try:
        yield
    except KeyboardInterrupt:
        terminal.note(f"\n{job} goes on; `trackside cancel {job}` stops it.")
        raise


def _named(job: Job) -> str:
    return job.id if job.name == job.id else f"{job.id} {job.name}"


def _ended(terminal: Terminal, job: Job) -> int:
    from trackside.display.text import now_utc
    from trackside.sdk.standing import state

    if job.status == "completed":
        terminal.answer(job, "")
        terminal.note(f"{job.id} {state(job, now_utc())}")
        return 0
    failed = JobFailed(f"{job.id} {state(job, now_utc())}.", hint=f"`trackside logs {job.id}` has its output.")
    terminal.fail(failed, job)
    return 1
