"""Say why a job stands where it stands, and what it waits for."""

from __future__ import annotations

import argparse

from trackside.cli.terminal import Terminal

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what explain takes."""
    parser.add_argument("job", help="id, number or name")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Explain the job."""
    told = terminal.client.jobs.explain(arguments.job)
    blockers = [f"  {blocker.message}" for blocker in told.blockers if blocker.message not in told.message]
    said = told.message if told.message.startswith(told.status) else f"{told.status}: {told.message}"
    terminal.answer(told, "\n".join([f"{told.id} {said}", *blockers]))
