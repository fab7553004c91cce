"""Stop jobs, waiting or running."""

from __future__ import annotations

import argparse
import sys

from trackside.cli.terminal import Terminal
from trackside.errors import TracksideError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what cancel takes."""
    parser.add_argument("jobs", nargs="+", metavar="JOB", help="ids, numbers or names")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Ask for each job to be stopped; one that cannot be keeps no other from it, and is the error at the end."""
    asked, errors = [], []
    for job in arguments.jobs:
        try:
            asked.append(terminal.client.jobs.cancel(job))
        except TracksideError as error:
            errors.append(error)
    lines = [f"{job.id} is being cancelled" if job.cancelling else f"{job.id} {job.status}" for job in asked]
    if not errors:
        terminal.answer(asked, "\n".join(lines))
        return
    if lines:
        print("\n".join(lines), file=sys.stderr if terminal.json else sys.stdout)
    raise errors[0] if len(errors) == 1 else type(errors[0])("\n".join(map(str, errors)), code=errors[0].code)
