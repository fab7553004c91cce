"""Stop jobs, waiting or running."""

from __future__ import annotations

import argparse

from trackside.cli.terminal import Terminal

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what cancel takes."""
    parser.add_argument("jobs", nargs="+", metavar="JOB", help="ids, numbers or names")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Ask for each job to be stopped; the first that cannot be ends it."""
    asked = [terminal.client.jobs.cancel(job) for job in arguments.jobs]
    lines = [f"{job.id} is being cancelled" if job.cancelling else f"{job.id} {job.status}" for job in asked]
    terminal.answer(asked, "\n".join(lines))
