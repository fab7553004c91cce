"""Show the GPUs, how busy they are and who holds them."""

from __future__ import annotations

import argparse

from trackside.cli.terminal import Terminal

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: gpus takes no words."""


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Show the GPUs of the server's machine."""
    from trackside.display.text import gpu_list, now_utc

    report = terminal.client.gpus()
    warnings = terminal.client.info().warnings if report.gpus and not terminal.json else []
    terminal.answer(report, gpu_list(report, now_utc(), warnings))
