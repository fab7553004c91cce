"""Queue a finished job again, as its next attempt."""

from __future__ import annotations

import argparse

from trackside.cli.terminal import Terminal

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what retry takes."""
    parser.add_argument("job", help="id, number or name")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Queue the job again."""
    job = terminal.client.jobs.retry(arguments.job)
    terminal.answer(job, f"{job.id} {job.status}")
