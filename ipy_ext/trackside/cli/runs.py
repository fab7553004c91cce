"""List runs, newest first, with or without a job."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from trackside.cli.terminal import Terminal

if TYPE_CHECKING:
    from trackside.client import Client

__all__ = ["add_arguments", "query_of", "run"]

_QUERY = "tag:baseline status:failed 'config.lr<0.01' 'loss.min<0.3' since:7d name:x* text; - in front: not so"
_METRIC = re.compile(
    r"""(?:^|\s)-?(?!(?:config|summary)[./]|(?:tag|status|name|since|until)\s*[<>=!])([^\s:<>=!"'-][^\s:<>=!"']*)\s*[<>=!]"""
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what runs takes."""
    parser.add_argument("query", nargs="*", help=_QUERY)
    parser.add_argument("--status", help="running, completed, failed, …; commas between")
    parser.add_argument("--tag", help="only runs with this tag")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="runs on a page (default 50)")
    parser.add_argument("--cursor", help="the next page: its cursor as --json names it")


def query_of(words: Sequence[str]) -> str:
    """Return the query of a command line: one argument is a query as it stands, of several each is one word of it."""
    if len(words) == 1:
        return words[0].strip()
    return " ".join(_one_word(word.strip()) for word in words)


def _one_word(word: str) -> str:
    """Put the quotation marks back that the shell took: ``name:my run`` is ``name:"my run"``."""
    if not re.search(r"\s", word) or '"' in word:
        return word
    field = re.match(r"-?[^\s<>=!:]+(?:[<>=!]=|[<>=:])|-?", word)
    begin = field.end() if field is not None else 0
    return f'{word[:begin]}"{word[begin:]}"'


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Show one page of runs."""
    from trackside.display.text import now_utc, run_table

    query = query_of(arguments.query)
    page = terminal.client.runs.list(
        query or None, tag=arguments.tag, status=arguments.status, limit=arguments.limit, cursor=arguments.cursor
    )
    if page.runs:
        text = run_table(page.runs, query, now_utc(), terminal.width) + ("\n… more: --limit N" if page.next else "")
    elif query or arguments.tag or arguments.status:
        text = "No such run." + _meant(terminal.client, query)
    else:
        text = "No runs yet. `trackside submit -- COMMAND` makes one."
    terminal.answer(page, text)


def _meant(client: Client, query: str) -> str:
    """Return what was meant by a metric that no run has, if there is a setting or a summary value of that name."""
    for name in dict.fromkeys(_METRIC.findall(query)):
        if _is_there(client, name, "nan"):
            continue
        for kind in ("config", "summary"):
            if _is_there(client, f"{kind}.{name}", "~"):
                return f" No run has a metric {name!r}; did you mean {kind}.{name}?"
    return ""


def _is_there(client: Client, key: str, never: str) -> bool:
    return bool(client.runs.list(f"{key}!={never}", limit=1).runs)
