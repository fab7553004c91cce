"""Write the metrics of runs as CSV, Parquet or JSON; no server is needed but for a query."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from trackside.cli.terminal import Terminal
from trackside.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from pathlib import Path

    from trackside.tracking.exporting import Exported
    from trackside.tracking.folder import RunFolder

__all__ = ["add_arguments", "run"]

_OPERATORS = frozenset(":<>=")
_PAGE = 500
_EXAMPLES = """\
examples:
  trackside export csv baseline                   baseline's metrics, as job-41.csv here
  trackside export parquet 41 42 -o curves.parquet   one long table, with columns run_id and run_name
  trackside export csv tag:paper -o curves/       a file for each run that the query finds
  trackside export json 41 -o - | jq '.runs[0].summary'

Cells of CSV are empty where a record has no value; NaN and infinities are NaN, inf and -inf. Parquet has real ones.
JSON has none: there they are the strings "NaN", "Infinity" and "-Infinity". It also has configuration, summary and
all else that is known of each run. Of a run that goes on, what is there is exported.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what export takes."""
    parser.epilog = _EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("format", metavar="FORMAT", help="csv, parquet or json")
    parser.add_argument(
        "runs", nargs="+", metavar="RUN|QUERY", help="ids, numbers, names or folders of runs; or a query"
    )
    parser.add_argument("-o", "--output", metavar="PATH", help="a file for all, a folder (FOLDER/) for one each, or -")
    parser.add_argument("--force", action="store_true", help="replace files that exist")


def run(terminal: Terminal, arguments: argparse.Namespace) -> None:
    """Find the runs, write them, say where."""
    from trackside.tracking.exporting import FORMATS, export_runs

    known = arguments.format in FORMATS  # else it is refused before anything is looked for
    folders = _folders(terminal, arguments.runs) if known else []
    if arguments.output == "-":
        if terminal.json:
            raise InvalidInput("The export and --json cannot both go to the standard output.", hint="Give -o PATH.")
        (written,) = export_runs(arguments.format, folders, sys.stdout.buffer)
        _tell_notes(terminal, written)
        return
    done = export_runs(arguments.format, folders, arguments.output, force=arguments.force)
    for written in [] if terminal.json else done:
        _tell_notes(terminal, written)
    terminal.answer({"files": [_data(written) for written in done]}, "\n".join(_told(written) for written in done))


def _folders(terminal: Terminal, words: list[str]) -> list[RunFolder]:
    """Return the folders that the words name; words with an operator are a query, which a server answers."""
    from trackside.tracking.exporting import find_runs

    if not any(_OPERATORS & set(word) for word in words):
        return find_runs(words)
    try:
        return find_runs(words)  # a path may hold a colon
    except NotFound:
        from trackside.cli.runs import query_of

        return _found_by_query(terminal, query_of(words))


def _found_by_query(terminal: Terminal, query: str) -> list[RunFolder]:
    from trackside.tracking.folder import RunFolder

    folders, cursor = [], None
    while True:
        page = terminal.client.runs.list(query, limit=_PAGE, cursor=cursor)
        folders += [RunFolder(found.run_dir) for found in page.runs]
        cursor = page.next
        if not cursor:
            break
    if not folders:
        raise NotFound(f"The query {query!r} finds no run.", hint="`trackside runs` lists them.", code="run_not_found")
    absent = next((folder for folder in folders if not folder.path.is_dir()), None)
    if absent is not None:
        raise NotFound(f"{absent.path} is not on this machine.", hint="Export where the server runs.")
    return folders


def _tell_notes(terminal: Terminal, written: Exported) -> None:
    for note in written.notes:
        terminal.note(f"note: {note}")


def _told(written: Exported) -> str:
    runs = "" if len(written.run_ids) == 1 else f"{len(written.run_ids)} runs, "
    return f"{_shown(written.path)}: {runs}{written.records:,} {'record' if written.records == 1 else 'records'}"


def _shown(path: Path | None) -> str:
    from pathlib import Path

    return str(path.relative_to(Path.cwd())) if path is not None and path.is_relative_to(Path.cwd()) else str(path)


def _data(written: Exported) -> dict[str, object]:
    return {
        "path": str(written.path),
        "runs": list(written.run_ids),
        "records": written.records,
        "notes": list(written.notes),
    }
