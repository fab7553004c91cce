"""Print the output of a job, as it wrote it."""

from __future__ import annotations

import argparse

from trackside.cli.following import going_on
from trackside.cli.terminal import Terminal

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what logs takes."""
    parser.add_argument("job", help="id, number or name")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the job ends")
    parser.add_argument("-n", "--tail", type=int, metavar="N", help="begin N lines before the end")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Print what there is, or what comes."""
    from trackside.models.gaps import gaps_told

    logs, job, tail = terminal.client.jobs.logs, arguments.job, arguments.tail
    if terminal.json:
        for text in logs(job, follow=True, tail=tail) if arguments.follow else [logs(job, tail=tail)]:
            terminal.answer({"text": text}, "")
    elif arguments.follow:
        with going_on(terminal, job):
            for part in logs(job, follow=True, tail=tail, binary=True):
                terminal.raw(part)
    else:
        terminal.raw(gaps_told(logs(job, tail=tail, binary=True)))
