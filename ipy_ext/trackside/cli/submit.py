"""Run a command, a script or a notebook as a job.

``trackside submit [options] -- COMMAND ARGS…`` or ``trackside submit [options] FILE.py|FILE.ipynb [-- ARGS…]``.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from trackside.cli import following
from trackside.cli.terminal import Terminal
from trackside.errors import InvalidInput

__all__ = ["add_arguments", "fields", "run"]

_PLAIN = ("name", "gpus", "gpu_memory", "cpus", "memory", "time", "priority", "grace")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what submit takes."""
    parser.usage = "trackside submit [options] [FILE.py|FILE.ipynb] [-- COMMAND | ARGS …]"
    parser.add_argument("file", nargs="?", help="a Python file or a notebook; a copy of it is taken now")
    parser.add_argument("-n", "--name", help="name, for use instead of the id")
    parser.add_argument("-g", "--gpus", metavar="N|TYPE:N", help="GPUs: 2, 0.5, a100, a100:2")
    parser.add_argument("--gpu-memory", metavar="SIZE", help="GPU memory, such as 16G")
    parser.add_argument("-c", "--cpus", metavar="N", help="CPUs; may be a fraction")
    parser.add_argument("-m", "--memory", metavar="SIZE", help="memory, such as 8G")
    parser.add_argument("-t", "--time", metavar="TIME", help="time that it may take, such as 2h30m")
    parser.add_argument("--grace", metavar="TIME", help="time between being asked to stop and being killed")
    parser.add_argument("--priority", metavar="N", help="higher goes first")
    parser.add_argument("--tag", action="append", default=[], metavar="TAG", help="tag; may be given several times")
    parser.add_argument("--workdir", metavar="FOLDER", help="folder to run in (default: this one)")
    parser.add_argument(
        "-e", "--env", action="append", default=[], metavar="NAME=VALUE", help="variable; NAME alone takes it from here"
    )
    parser.add_argument("-w", "--wait", action="store_true", help="wait for the end; exit 1 unless completed")
    parser.add_argument("-f", "--follow", action="store_true", help="show the output as it comes, then as --wait")
    parser.add_argument("--dry-run", action="store_true", help="say what would be, make nothing")


def run(terminal: Terminal, arguments: argparse.Namespace) -> int:
    """Submit, then wait or follow if asked to."""
    submission = fields(arguments, arguments.rest)
    if arguments.dry_run:
        plan = terminal.client.jobs.submit(submission, dry_run=True)
        terminal.answer(plan, f"{plan.spec.kind}: {plan.explanation.message}\n{following.limit_lines(plan.limits)}")
        return 0
    job = terminal.client.jobs.submit(submission)
    if arguments.follow:
        return following.follow(terminal, job)
    if arguments.wait:
        return following.wait(terminal, job)
    terminal.answer(job, job.id)
    return 0


def fields(arguments: argparse.Namespace, rest: list[str] | None) -> dict[str, object]:
    """Return the submission that the command line describes."""
    from trackside.sdk.surroundings import carried_environment

    given: dict[str, object] = {name: getattr(arguments, name) for name in _PLAIN}
    given |= {"tags": [tag for text in arguments.tag for tag in text.split(",") if tag]}
    given |= {"env": dict(_variable(text) for text in arguments.env), "environment": carried_environment()}
    given["workdir"] = str(Path(arguments.workdir).expanduser().absolute() if arguments.workdir else Path.cwd())
    given |= _work(arguments.file, rest)
    return {name: value for name, value in given.items() if value not in (None, [], {})}


def _work(file: str | None, rest: list[str] | None) -> dict[str, object]:
    """Return the fields that say what runs."""
    if file is None:
        if not rest:
            raise InvalidInput("What shall run?", hint="Write `trackside submit -- python train.py`.")
        return {"command": rest}
    path = Path(file).expanduser().absolute()
    kind = {".py": "script", ".ipynb": "notebook"}.get(path.suffix)
    if kind is None:
        raise InvalidInput(f"{file!r} is neither a .py nor an .ipynb file.", hint=f"A command: `submit -- {file} …`.")
    if not path.is_file():
        raise InvalidInput(f"{path} is not a file.", hint="Check the path.")
    return {kind: str(path), "args": rest or [], "python": sys.executable}


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals and name not in os.environ:
        raise InvalidInput(f"-e {name}: there is no such variable here.", hint=f"Write -e {name}=VALUE.")
    return name, value if equals else os.environ[name]
