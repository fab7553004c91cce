"""Show one job: where it stands, what it holds, what runs."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING

from trackside.cli.terminal import Terminal

if TYPE_CHECKING:
    from trackside.models import Job

__all__ = ["add_arguments", "run", "what_runs"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what show takes."""
    parser.add_argument("job", help="id, number or name")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Show the job."""
    from trackside.display.text import job_card, now_utc, when

    job = terminal.client.jobs.get(arguments.job)
    now = now_utc()
    facts = [
        ("why", job.reason.message if job.reason else ""),
        ("runs", what_runs(job)),
        ("in", job.spec.workdir),
        ("tags", ", ".join(job.spec.tags)),
        ("submitted", when(job.created_at, now)),
        ("attempt", str(job.attempt) if job.attempt > 1 else ""),
        ("files", job.run_dir),
    ]
    lines = [f"  {name:<10} {value}" for name, value in facts if value]
    terminal.answer(job, "\n".join([job_card(job, now), *lines]))


def what_runs(job: Job) -> str:
    """Return the command, the file or the first line of the cell."""
    spec = job.spec
    if spec.command is not None:
        return spec.command if isinstance(spec.command, str) else shlex.join(spec.command)
    if spec.cell is not None:
        lines = [line for line in spec.cell.splitlines() if line.strip()]
        return f"{lines[0]} … ({len(lines)} lines)" if len(lines) > 1 else "".join(lines)
    return shlex.join([spec.script or spec.notebook or spec.function or "", *spec.args])
