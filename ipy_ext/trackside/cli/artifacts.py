"""List the files of a run, or download some of them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from trackside.cli.terminal import Terminal

if TYPE_CHECKING:
    from trackside.client.parts import Root

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what artifacts takes."""
    parser.add_argument("run_id", metavar="RUN", help="id or name of a run or job")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files to download, as listed")
    parser.add_argument("--to", metavar="FOLDER", default=".", help="where downloads go (default: here)")
    parser.add_argument("--all", action="store_true", help="all files of the run's folder, not only its artifacts")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """List, or download."""
    from trackside.display.text import artifact_list, now_utc

    runs = terminal.client.runs
    root: Root = "run" if arguments.all else "artifacts"
    if arguments.paths:
        saved = [str(runs.download(arguments.run_id, path, arguments.to, root=root)) for path in arguments.paths]
        terminal.answer({"saved": saved}, "\n".join(saved))
        return
    page = runs.artifacts(arguments.run_id, root=root)
    terminal.answer(page, artifact_list(arguments.run_id, page.artifacts, now_utc(), truncated=page.truncated))
