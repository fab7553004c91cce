"""List runs, newest first, with or without a job."""

from __future__ import annotations

import argparse

from trackside.cli.terminal import Terminal

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what runs takes."""
    parser.add_argument("query", nargs="*", help="words that stand in the name, the id or a tag")
    parser.add_argument("--status", help="running, completed, failed, …; commas between")
    parser.add_argument("--tag", help="only runs with this tag")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="runs on a page (default 50)")
    parser.add_argument("--cursor", help="the next page: its cursor as --json names it")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Show one page of runs."""
    from trackside.display.text import now_utc, run_table

    query = " ".join(arguments.query)
    page = terminal.client.runs.list(
        query or None, tag=arguments.tag, status=arguments.status, limit=arguments.limit, cursor=arguments.cursor
    )
    if page.runs:
        text = run_table(page.runs, query, now_utc()) + ("\n… more: --limit N" if page.next else "")
    elif query or arguments.tag or arguments.status:
        text = "No such run."
    else:
        text = "No runs yet. `trackside submit -- COMMAND` makes one."
    terminal.answer(page, text)
