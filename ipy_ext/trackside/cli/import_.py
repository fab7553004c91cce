"""Bring runs of TensorBoard, wandb, MLflow, CSV files or whirr into the home; no server is needed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from trackside.cli.terminal import Terminal
from trackside.errors import InvalidInput, TracksideError, near

if TYPE_CHECKING:
    from trackside.tracking.importing import Imported, NotImported

__all__ = ["add_arguments", "run"]

_EXAMPLES = """\
kinds:
  tensorboard     a folder of event files, at any depth: a run for each folder that holds some
  wandb-offline   wandb/, one offline-run-* in it, or its run-*.wandb
  mlflow          mlruns/, or the SQLite file of a store (mlflow.db)
  csv             a file, or all *.csv of a folder: a run each, a column for each metric
  whirr           .whirr/, its runs/, or run folders; also those of another home of Trackside

examples:
  trackside import tensorboard runs/
  trackside import wandb-offline wandb/ --tag thesis
  trackside import mlflow mlflow.db
  trackside import csv log.csv --name baseline --step-column epoch --time-column when

Times, steps, NaN and infinities stay as they were; images, texts and artifacts come along. What was imported before
is left alone (--again brings a copy). A source that is still written, or was cut off, is imported as far as it goes.
A server that runs finds the runs by itself.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what import takes."""
    parser.epilog = _EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("kind", metavar="KIND", help="tensorboard, wandb-offline, mlflow, csv or whirr")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files or folders")
    parser.add_argument("-n", "--name", help="the name of the run, where there is one")
    parser.add_argument("--tag", action="append", default=[], help="a tag for each run; may be repeated")
    parser.add_argument("--again", action="store_true", help="also what was imported before, as a copy")
    parser.add_argument("--step-column", metavar="NAME", help="csv: the column of the step (else step, global_step, …)")
    parser.add_argument("--time-column", metavar="NAME", help="csv: the column of the time (else time, timestamp, …)")


def run(terminal: Terminal, arguments: argparse.Namespace) -> int:
    """Import, and say of each run what became of it as soon as that is known."""
    from trackside.cli.program import exit_code
    from trackside.tracking.importing import Imported, import_runs

    kind, paths = _kind_and_paths(arguments)
    done: list[Imported] = []
    failed: list[NotImported] = []
    for result in import_runs(
        kind, paths, again=arguments.again, name=arguments.name, tags=arguments.tag, options=_options(kind, arguments)
    ):
        if isinstance(result, Imported):
            done.append(result)
            if not terminal.json:
                _tell(terminal, result)
        else:
            failed.append(result)
            if not terminal.json:
                terminal.fail(result.error)
    if terminal.json:
        _answer(terminal, done, failed)
    return exit_code(failed[0].error) if failed else 0


def _kind_and_paths(arguments: argparse.Namespace) -> tuple[str, list[str]]:
    """Return kind and paths; where the kind was forgotten, the path says which it would be."""
    from trackside.tracking.importing import KINDS

    kind: str = arguments.kind
    if kind not in KINDS:
        path = Path(kind).expanduser()
        if path.exists() and not (arguments.paths and near(kind, KINDS)):
            guessed = _guess(path)
            hint = f"Write `trackside import {guessed} {kind}`." if guessed else f"Before it: {', '.join(KINDS)}."
            raise InvalidInput(f"What kind of runs does {kind!r} hold?", hint=hint)
        raise InvalidInput(f"{kind!r} cannot be imported.", hint=near(kind, KINDS) or f"Known: {', '.join(KINDS)}.")
    if not arguments.paths:
        raise InvalidInput("Where are they?", hint=f"Write `trackside import {kind} PATH`.")
    return kind, arguments.paths


def _guess(path: Path) -> str | None:
    """Return the kind of source that a path looks like."""
    looks = {
        "wandb-offline": ("run-*.wandb", "*run-*/run-*.wandb", "wandb/*run-*/run-*.wandb"),
        "mlflow": ("*/meta.yaml",),
        "whirr": ("meta.json", "*/meta.json", "runs/*/meta.json", ".whirr/runs/*/meta.json"),
        "tensorboard": ("*tfevents*", "*/*tfevents*", "*/*/*tfevents*"),
        "csv": ("*.csv", "*.tsv"),
    }
    if path.is_file():
        ends = {".wandb": "wandb-offline", ".csv": "csv", ".tsv": "csv", ".db": "mlflow", ".sqlite": "mlflow"}
        return "tensorboard" if "tfevents" in path.name else ends.get(path.suffix)
    return next((kind for kind, patterns in looks.items() if any(any(path.glob(each)) for each in patterns)), None)


def _options(kind: str, arguments: argparse.Namespace) -> dict[str, str]:
    given = {"step": arguments.step_column, "time": arguments.time_column}
    options = {name: column for name, column in given.items() if column is not None}
    if options and kind != "csv":
        raise InvalidInput(f"--{next(iter(options))}-column is for csv, not for {kind}.")
    return options


def _tell(terminal: Terminal, result: Imported) -> None:
    if result.existing:
        named = "" if result.name == result.folder.path.name else f" ({result.name})"
        terminal.line(f"already imported as {result.folder.path.name}{named}; --again brings a copy")
        for note in result.notes:
            terminal.note(f"  note: {note}")
        return
    counts = ((result.records, "record"), (result.samples, "sample"), (result.media, "medium"))
    plural = {"medium": "media"}
    told = [f"{count:,} {word if count == 1 else plural.get(word, f'{word}s')}" for count, word in counts if count]
    terminal.line(f"{result.folder.path.name}  {result.name}  {', '.join(told) or 'no records'}")
    for note in result.notes:
        terminal.note(f"  note: {note}")


def _answer(terminal: Terminal, done: list[Imported], failed: list[NotImported]) -> None:
    data = {
        "imported": [_data(result) for result in done],
        "failed": [{"path": str(each.origin.path), "error": _error(each.error)} for each in failed],
    }
    if failed:
        terminal.fail(failed[0].error, data)
    else:
        terminal.answer(data, "")


def _error(error: TracksideError) -> dict[str, str]:
    return {"code": error.code, "message": error.message, "hint": error.hint}


def _data(result: Imported) -> dict[str, object]:
    return {
        "run_id": result.folder.path.name,
        "run_dir": str(result.folder.path),
        "name": result.name,
        "source": str(result.origin.path),
        "existing": result.existing,
        "records": result.records,
        "samples": result.samples,
        "media": result.media,
        "notes": list(result.notes),
    }
