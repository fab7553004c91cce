"""Put runs side by side: settings, metrics, surroundings and source, what differs first."""

from __future__ import annotations

import argparse

from trackside.cli.terminal import Terminal
from trackside.errors import InvalidInput, NotFound

__all__ = ["add_arguments", "run"]

_OPERATORS = frozenset(":<>=")
_TWO = "Name at least two: trackside compare 41 42."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what compare takes."""
    parser.add_argument("runs", nargs="+", metavar="RUN", help="id, number or name; source is compared with the first")
    parser.add_argument("--lines", type=int, default=200, metavar="N", help="lines of each diff (default 200)")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Show the comparison; curves are in --json."""
    from trackside.display.comparing import comparison_text

    names = [name for word in arguments.runs for name in word.split(",") if name]
    asked = next((name for name in names if _OPERATORS & set(name)), None)
    if len(names) < 2:
        raise _no_query(asked) if asked else InvalidInput("compare needs at least two runs.", hint=_TWO)
    try:
        found = terminal.client.runs.compare(names, max_points=500 if terminal.json else 0)
    except NotFound as error:  # a name may hold a colon
        raise _no_query(asked) if asked and asked in str(error) else error from None
    terminal.answer(found, comparison_text(found, lines=max(0, arguments.lines)))


def _no_query(word: str) -> InvalidInput:
    return InvalidInput(
        f"compare takes runs, not a query such as {word!r}.", hint=f"`trackside runs '{word}'` lists some. {_TWO}"
    )
