"""Let waiting jobs start again after a pause, or jobs that are held."""

from __future__ import annotations

import argparse
import os

from trackside.cli.terminal import Terminal

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what resume takes."""
    parser.add_argument("jobs", nargs="*", metavar="JOB", help="jobs that are held, by id or name; none: the queue")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Resume the queue, or these jobs: with this terminal's environment, and secrets from it or asked for."""
    if not arguments.jobs:
        queue = terminal.client.queue.resume()
        terminal.answer(queue, "the queue goes on")
        return
    from trackside.sdk.secrets import secret_value

    released = []
    for name in arguments.jobs:
        job = terminal.client.jobs.get(name)
        secrets = {secret: secret_value(secret) for secret in job.spec.secrets}
        kept = dict(os.environ) if job.spec.environment else None
        released.append(terminal.client.jobs.retry(job, secrets=secrets or None, environment=kept))
    terminal.answer(released, "\n".join(f"{job.id} {job.status}" for job in released))
