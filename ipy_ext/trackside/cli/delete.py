"""Delete finished jobs with all their files."""

from __future__ import annotations

import argparse

from trackside.cli.terminal import Terminal

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what delete takes."""
    parser.add_argument("jobs", nargs="+", metavar="JOB", help="ids, numbers or names")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Delete each job; the first that cannot be ends it."""
    deleted = []
    for name in arguments.jobs:
        job = terminal.client.jobs.get(name)
        terminal.client.jobs.delete(job)
        deleted.append(job.id)
    terminal.answer({"deleted": deleted}, "\n".join(f"{job_id} deleted" for job_id in deleted))
