"""Print what teaches a shell to complete verbs, options and the names of jobs: ``eval "$(trackside completion bash)"``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

from trackside.cli.terminal import Terminal
from trackside.errors import TracksideError

__all__ = ["add_arguments", "complete", "run"]

_NAMES = 200
"""Jobs whose names are offered, the newest."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what completion takes."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish", "tcsh", "powershell"), help="the shell that it is for")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Print the code for this shell."""
    from argcomplete.shell_integration import shellcode

    code = shellcode(["trackside"], shell=arguments.shell)
    terminal.answer({"text": code}, code)


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer a shell that asks how a line may go on, and end; called when it asks."""
    import argcomplete

    for verb in _verbs(parser):
        for action in verb._actions:  # the only place where argparse keeps them
            if action.dest in ("job", "jobs") and not action.option_strings:
                action.completer = _job_names  # type: ignore[attr-defined]  # where argcomplete looks for it
            elif action.dest in ("runs", "run_id"):
                action.completer = _run_names  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser)


def _verbs(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()


def _job_names(**_: object) -> list[str]:
    def read(terminal: Terminal) -> list[str]:
        return [name for job in terminal.client.jobs.list(limit=_NAMES).jobs for name in (job.name, job.id)]

    return _of_server(read)


def _run_names(**_: object) -> list[str]:
    def read(terminal: Terminal) -> list[str]:
        return [name for run in terminal.client.runs.list(limit=_NAMES).runs for name in (run.name, run.id)]

    return _of_server(read)


def _of_server(read: Callable[[Terminal], list[str]]) -> list[str]:
    """Ask the server that runs; where none does, there is nothing to offer, and none is started for a Tab."""
    from trackside.client.discovery import find_server

    terminal = Terminal()
    try:
        find_server(start=False)
        return list(dict.fromkeys(read(terminal)))
    except TracksideError:
        return []
    finally:
        terminal.close()
