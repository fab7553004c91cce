"""Queue a finished job again, as its next attempt."""

from __future__ import annotations

import argparse

from trackside.cli.terminal import Terminal

__all__ = ["add_arguments", "run"]

_CHANGES = ("gpus", "gpu_memory", "cpus", "cores", "memory", "time", "priority")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what retry takes."""
    parser.add_argument("job", help="id, number or name")
    parser.add_argument("-g", "--gpus", metavar="N|TYPE:N", help="GPUs from now on")
    parser.add_argument("--gpu-memory", metavar="SIZE", help="GPU memory from now on")
    parser.add_argument("-c", "--cpus", metavar="N", help="CPUs from now on")
    parser.add_argument("--cores", metavar="CORES", help="cores that it is pinned to from now on")
    parser.add_argument("-m", "--memory", metavar="SIZE", help="memory from now on, such as 16G")
    parser.add_argument("-t", "--time", metavar="TIME", help="time that it may take from now on, such as 4h")
    parser.add_argument("--priority", metavar="N", help="priority from now on")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Queue the job again; the values of its secrets come from the environment, or are asked for."""
    from trackside.sdk.secrets import secret_value

    job = terminal.client.jobs.get(arguments.job)
    secrets = {name: secret_value(name) for name in job.spec.secrets} if job.is_terminal else {}
    changes = {name: given for name in _CHANGES if (given := getattr(arguments, name)) is not None}
    job = terminal.client.jobs.retry(job, secrets=secrets or None, **changes)
    terminal.answer(job, f"{job.id} {job.status}")
