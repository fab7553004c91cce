"""List jobs, newest first."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from trackside.cli.terminal import Terminal

if TYPE_CHECKING:
    from trackside.models import JobPage

__all__ = ["add_arguments", "run", "text_of"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what jobs takes."""
    parser.add_argument("--status", help="scheduled, pending, running, completed, failed, cancelled; commas between")
    parser.add_argument("--tag", help="only jobs with this tag")
    parser.add_argument("--name", help="only jobs with this name")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="jobs on a page (default 50)")
    parser.add_argument("--cursor", help="the next page: its cursor as --json names it")
    parser.add_argument("--watch", action="store_true", help="keep the list up to date until Ctrl-C")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Show one page, or keep it up to date."""
    if arguments.watch:
        from trackside.cli.watching import watch

        watch(terminal, lambda: _page(terminal, arguments))
        return
    page = _page(terminal, arguments)
    terminal.answer(page, text_of(page, terminal.width))


def text_of(page: JobPage, width: int = 0) -> str:
    """Return the page as a table under a line of counts, as wide as a screen where there is one."""
    from trackside.display.text import job_table, now_utc

    if not page.jobs and not page.counts:
        return "No jobs yet. `trackside submit -- COMMAND` makes one."
    more = "\n… more: --limit N" if page.next else ""
    paused = f"{page.paused[:1].upper()}{page.paused[1:]}.\n" if page.paused else ""
    return paused + job_table(page.jobs, page.counts, now_utc(), width) + more


def _page(terminal: Terminal, arguments: argparse.Namespace) -> JobPage:
    return terminal.client.jobs.list(
        status=arguments.status,
        tag=arguments.tag,
        name=arguments.name,
        limit=arguments.limit,
        cursor=arguments.cursor,
    )
