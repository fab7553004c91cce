"""Delete old finished runs: by age, by number, by size; a dry run first."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from trackside.cli.terminal import Terminal
from trackside.errors import InvalidInput

if TYPE_CHECKING:
    from trackside.models.housekeeping import Pruned

__all__ = ["add_arguments", "run"]

_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what prune takes."""
    parser.add_argument("--older-than", metavar="TIME", help="runs that ended, or were imported, longer ago: 30d, 12h")
    parser.add_argument("--keep", type=int, metavar="N", help="leave the newest N, whatever else is asked")
    parser.add_argument("--max-size", metavar="SIZE", help="the oldest, until all runs together take no more: 50G")
    parser.add_argument("--status", help="only runs that ended so: failed,cancelled")
    parser.add_argument("--tag", help="only runs with this tag; those with the tag keep never go")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--yes", action="store_true", help="delete them without asking")
    how.add_argument("--dry-run", action="store_true", help="only say what would go")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Say what would go; delete it with ``--yes``, or when the person at the terminal agrees."""
    names = ("older_than", "keep", "max_size", "status", "tag")
    rule = {name: getattr(arguments, name) for name in names}
    if all(asked is None for asked in rule.values()):
        hint = "Give --older-than 30d, --keep 100, --max-size 50G, --status failed or --tag try."
        raise InvalidInput("Nothing says which runs may go.", hint=hint)
    if arguments.yes:
        done = terminal.client.prune(**rule, dry_run=False)
        terminal.answer(done, _told(done))
        return
    planned = terminal.client.prune(**rule)
    asks = planned.runs and not arguments.dry_run and terminal.is_live and sys.stdin.isatty()
    ending = "" if not planned.runs or asks else "\nNothing was deleted; --yes deletes them."
    terminal.answer(planned, _told(planned) + ending)
    if asks and _agreed(planned):
        done = terminal.client.prune(**rule, dry_run=False)
        terminal.line(_told(done, brief=True))


def _told(pruned: Pruned, *, brief: bool = False) -> str:
    from trackside.display.text import now_utc as now
    from trackside.display.text import table, when
    from trackside.models.units import format_size

    if not pruned.runs:
        return "No run goes."
    verb = "would go" if pruned.dry_run else "deleted"
    total = f" of {format_size(pruned.total)}" if pruned.total is not None else ""
    said = f"{_count(pruned)} {verb}, {format_size(pruned.freed)}{total} {'would come' if pruned.dry_run else 'came'} free."
    if brief:
        return said
    rows = [
        (run.id, run.name, run.status, when(run.finished_at, now()) if run.finished_at else "", format_size(run.size))
        for run in pruned.runs[:_SHOWN]
    ]
    more = [f"… and {len(pruned.runs) - _SHOWN} more"] if len(pruned.runs) > _SHOWN else []
    return "\n".join([table(("run", "name", "status", "ended", "size"), rows), *more, said])


def _agreed(pruned: Pruned) -> bool:
    sys.stdout.write(f"Delete {_count(pruned)} for good? [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _count(pruned: Pruned) -> str:
    return f"{len(pruned.runs)} {'run' if len(pruned.runs) == 1 else 'runs'}"
