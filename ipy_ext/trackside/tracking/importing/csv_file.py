"""Reads a CSV file as one run: a row is a record, a column a metric, apart from those of step and time."""

from __future__ import annotations

import csv
import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from trackside.errors import InvalidInput, near
from trackside.tracking.clock import moment
from trackside.tracking.importing.draft import Draft
from trackside.tracking.importing.origin import Origin

__all__ = ["CsvRun", "find", "parse_moment", "parse_value"]

STEPS = ("step", "_step", "global_step", "global step", "iteration", "epoch")
TIMES = ("_timestamp", "timestamp", "time", "wall time", "wall_time", "datetime", "date")
_OURS = "_idx"
_EARLIEST = 1e8
"""Seconds (in 1973) below which a number is no moment but a duration."""
_MILLISECONDS = 1e11
_NAMED = 5
_CHUNK = 1 << 20
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+([eE][+-]?\d+)?\s*")
_LIKE_A_NUMBER = re.compile(r"\s*[+-]?\d[\d.' ]*,[\d.,' ]*\d\s*")
"""A text that somebody meant as a number: ``1.234,5`` or ``1,234``."""
_WORDS = {"true": True, "false": False}

Value = float | int | bool | str


def find(path: Path, options: Mapping[str, str]) -> Iterator[CsvRun]:
    """Yield the run of this file, or of each ``*.csv`` and ``*.tsv`` in this folder.

    Raises InvalidInput when there is none.
    """
    files = [path]
    if path.is_dir():
        files = sorted(file for ending in ("csv", "tsv") for file in path.glob(f"*.{ending}"))
        if not files:
            raise InvalidInput(f"{path} holds no CSV file.", hint="They are called *.csv or *.tsv.")
    for file in files:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        yield CsvRun(Origin("csv", file, digest, file.stat().st_mtime), options)


class CsvRun:
    """One file; its content is what makes it this run."""

    def __init__(self, origin: Origin, options: Mapping[str, str]) -> None:
        self.origin = origin
        self._options = options

    @property
    def modified(self) -> float:
        """Never later than the import: another content is another run."""
        return 0.0

    def read(self, draft: Draft) -> None:
        """Fill the draft with the rows; rows that cannot be read are left out and named by their lines."""
        draft.name = self.origin.path.stem
        self._need_text()
        with self.origin.path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            delimiter = _delimiter(file)
            rows = csv.reader(file, delimiter=delimiter)
            columns = self._columns(rows, draft, delimiter)
            bad: list[str] = []
            for row in _numbered(rows, bad):
                columns.add(draft, row, bad)
        if not draft.records:
            why = f"no row can be read; {bad[0]}" if bad else "below the names of the columns is no row"
            raise InvalidInput(f"{self.origin.path}: {why}.", hint=_HINT)
        if columns.time is None:
            draft.note(
                "No column is the time: all records have that of the file's last change. --time-column names another."
            )
        for name, cell in list(columns.doubtful.items())[:_NAMED]:
            draft.note(f"The column {name!r} has texts: {cell.strip()[:40]!r} is no number.")
        if bad:
            more = f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
            rows_were = "1 row was" if len(bad) == 1 else f"{len(bad)} rows were"
            draft.note(f"{rows_were} left out: {'; '.join(bad[:_NAMED])}{more}.")

    def _need_text(self) -> None:
        """Raise InvalidInput for a file that is no table, or one in UTF-16: both have NUL bytes."""
        with self.origin.path.open("rb") as file:
            if any(b"\0" in chunk for chunk in iter(lambda: file.read(_CHUNK), b"")):
                raise InvalidInput(
                    f"{self.origin.path} is no CSV file: it has NUL bytes.", hint="Save a table as text in UTF-8."
                )

    def _columns(self, rows: Iterator[list[str]], draft: Draft, delimiter: str) -> Columns:
        path = self.origin.path
        try:
            names = [name.strip() for name in next(rows)]
        except (StopIteration, csv.Error):
            raise InvalidInput(
                f"{path} has no line of column names.", hint="The first line names the columns."
            ) from None
        if any(names) and not any(isinstance(parse_value(name), str) for name in names if name):
            raise InvalidInput(f"{path}: the first line has numbers, no names of columns.", hint=_HINT)
        twice = next((name for place, name in enumerate(names) if name and name in names[:place]), None)
        if twice is not None:
            raise InvalidInput(f"{path}: the column {twice!r} is there twice.", hint="Rename one of them.")
        if "" in names:
            draft.note("A column without a name was left out.")
        step = self._place("step", names, STEPS)
        time = self._place("time", names, TIMES)
        return Columns(names, step, time, "time" in self._options, self.origin.started, delimiter == ";")

    def _place(self, what: str, names: list[str], usual: tuple[str, ...]) -> int | None:
        """Return where the column of this is: the one that was asked for, else the first of the usual names."""
        asked = self._options.get(what)
        if asked is not None:
            if asked not in names:
                hint = near(asked, names) or f"Its columns: {', '.join(names)}."
                raise InvalidInput(f"{self.origin.path} has no column {asked!r}.", hint=hint)
            return names.index(asked)
        lower = [name.lower() for name in names]
        return next((lower.index(name) for name in usual if name in lower), None)


_HINT = "Is it a table with one line of column names?"


class Columns:
    """Which column is what."""

    def __init__(
        self, names: list[str], step: int | None, time: int | None, sure: bool, seconds: float, decimal_commas: bool
    ) -> None:
        self._names = names
        self._step = step
        self.time = time
        self._sure = sure
        """Whether the column of the time was asked for; else its first value decides whether it is one."""
        self._seconds = seconds
        self._decimal_commas = decimal_commas
        """Whether ``1,5`` is a number: where semicolons separate the cells."""
        self.doubtful: dict[str, str] = {}
        """Columns that have a text that was meant as a number, with the first such."""
        skipped = {step, *(place for place, name in enumerate(names) if name in ("", _OURS))}
        self._metrics = [(place, name) for place, name in enumerate(names) if place not in skipped]

    def add(self, draft: Draft, numbered: tuple[int, list[str]], bad: list[str]) -> None:
        """Add one row to the draft, or say what is bad about it."""
        line, row = numbered
        if len(row) != len(self._names):
            bad.append(f"line {line} has {len(row)} {'cell' if len(row) == 1 else 'cells'}, not {len(self._names)}")
            return
        if self._decimal_commas:
            row = [cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell for cell in row]
        seconds, step = self._seconds, None
        if self.time is not None:
            found = parse_moment(row[self.time])
            if found is None and not self._sure:
                self.time = None  # a metric that is called so
            elif found is None:
                bad.append(f"line {line}: {row[self.time][:40]!r} is no time")
                return
            else:
                seconds, self._sure = found, True
        if self._step is not None and row[self._step].strip():
            number = parse_value(row[self._step])
            if isinstance(number, str) or not math.isfinite(number):
                bad.append(f"line {line}: {row[self._step][:40]!r} is no step")
                return
            step = int(number) if float(number).is_integer() else number
        cells = ((name, row[place]) for place, name in self._metrics if place != self.time)
        values = {name: parse_value(cell) for name, cell in cells if cell.strip()}
        draft.record(values, seconds, step)
        for name, value in values.items():
            if isinstance(value, str) and name not in self.doubtful and _LIKE_A_NUMBER.fullmatch(value):
                self.doubtful[name] = value


def _numbered(rows: Iterator[list[str]], bad: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty with the numbers of their last lines; what is no row is bad."""
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            bad.append(f"line {_line(rows)}: {error}")
            continue
        if row:
            yield _line(rows), row


def _line(rows: Iterator[list[str]]) -> int:
    return int(getattr(rows, "line_num", 0))


def _delimiter(file: IO[str]) -> str:
    """Return what separates the names of the columns most often: comma, semicolon or tabulator."""
    head = file.readline(1 << 16)
    file.seek(0)
    return max(",;\t", key=head.count)


def parse_value(text: str) -> Value:
    """Return a cell as the number or the bool that it spells, else as its text."""
    try:
        return int(text) if text.isascii() and text.strip().lstrip("+-").isdigit() else float(text)
    except ValueError:
        found = _WORDS.get(text.strip().lower())
        return text if found is None else found


def parse_moment(text: str) -> float | None:
    """Return seconds since 1970 in UTC for an ISO time (UTC where it names no zone) or such a number; None for others.

    Numbers may be seconds or milliseconds; ones before 1973 are no moments.
    """
    text = text.strip()
    try:
        number = float(text)
    except ValueError:
        return moment(text)
    if not _EARLIEST <= number < math.inf:
        return None
    return number / 1000 if number >= _MILLISECONDS else number
