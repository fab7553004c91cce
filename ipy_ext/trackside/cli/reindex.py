"""Build the store anew from the run folders, when it is damaged or gone.

The old one is kept beside it. Jobs that run go on; those that waited are held until `trackside resume JOB`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

from trackside.cli.terminal import Terminal
from trackside.errors import Conflict, InternalError, TracksideError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what reindex takes."""
    parser.add_argument("--force", action="store_true", help="also when the store is whole")
    parser.add_argument(
        "--release", action="store_true", help="let jobs that waited start at once, but those that need secrets"
    )


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Do it in a process of the server's program: this side knows no store."""
    from trackside.client.headless import missing_parts
    from trackside.tracking.home import home_dir

    missing = missing_parts()
    if missing:
        raise Conflict(f"{missing[0]} is missing here.", hint='pip install "trackside[lab]".', code="missing_parts")
    home = home_dir()
    words = [word for word in ("force", "release") if getattr(arguments, word)]
    asked = [sys.executable, "-m", "trackside_server.rebuild", "--home", str(home), *(f"--{word}" for word in words)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise InternalError(f"The store of {home} could not be built anew: {done.stderr.strip()[-500:]}.") from None
    if "error" in answer:
        raise _error(**answer["error"])
    terminal.answer(answer, _said(answer))


def _error(code: str, message: str, hint: str) -> TracksideError:
    return Conflict(message, hint=hint, code=code)


def _said(answer: dict[str, object]) -> str:
    held, unreadable = answer["held"], answer["unreadable"]
    assert isinstance(held, list)
    assert isinstance(unreadable, list)
    lines = [f"{answer['jobs']} jobs are in the store again, {answer['running']} of them not ended"]
    if held:
        lines.append(
            f"{len(held)} waited and are held: `trackside resume {' '.join(held[:3])}`{' …' * (len(held) > 3)}"
        )
    if unreadable:
        lines.append(f"without a readable job.json: {', '.join(unreadable[:5])}{' …' * (len(unreadable) > 5)}")
    if answer["set_aside"]:
        lines.append(f"the old store is kept as {answer['set_aside']}")
    return "\n".join(lines)
