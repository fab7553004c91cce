"""Start no further job until resume; jobs that run go on."""

from __future__ import annotations

import argparse

from trackside.cli.terminal import Terminal

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: pause takes no words."""


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Pause the queue."""
    queue = terminal.client.queue.pause()
    terminal.answer(queue, queue.sentence)
