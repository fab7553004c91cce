"""The head of a table in a file: CSV and TSV from their first bytes, Parquet from its first rows. Imports polars."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from trackside.errors import InvalidInput
from trackside.models import PreviewColumn, TablePreview

__all__ = ["read_head"]

_SEPARATORS: Mapping[str, str] = {".csv": ",;\t|", ".tsv": "\t", ".tab": "\t"}
"""What may stand between two fields, by the ending of the file; of several, that which the first line has most of."""
_PARQUET = (".parquet", ".pq")
_FIRST_BYTES = 1 << 20
"""Of a text no more is read, however long the file is."""
_MOST_COLUMNS = 100
_LONGEST = 300
"""Characters of a value that are shown."""


def read_head(path: Path, rows: int) -> TablePreview:
    """Return the first ``rows`` rows and 100 columns of a CSV, TSV or Parquet file, told apart by its ending.

    Raises InvalidInput for what cannot be read as a table, OSError for what cannot be read at all.
    """
    ending = path.suffix.lower()
    try:
        if ending in _SEPARATORS:
            return _of_text(path, rows, _SEPARATORS[ending])
        if ending in _PARQUET:
            return _of_parquet(path, rows)
    except pl.exceptions.PanicException as error:
        raise _no_table(path, "it is damaged") from error
    except pl.exceptions.PolarsError as error:
        raise _no_table(path, str(error).strip().partition("\n")[0]) from error
    raise _no_table(path, "it is neither CSV, TSV nor Parquet")


def _no_table(path: Path, why: str) -> InvalidInput:
    words = why.rpartition("out of specification: ")[2].rstrip(".")
    return InvalidInput(f"{path.name} cannot be read as a table: {words}.", code="not_a_table")


def _of_text(path: Path, rows: int, separators: str) -> TablePreview:
    """A text is shown as it is written: only for the names of the types its values are read."""
    data, whole = _first_lines(path)
    first = data.partition(b"\n")[0].decode("utf-8", "replace")
    separator = max(separators, key=first.count)
    most = None if whole else rows  # the end of a part may be the middle of a value
    texts = pl.read_csv(
        data, separator=separator, n_rows=most, infer_schema=False, truncate_ragged_lines=True, encoding="utf8-lossy"
    )
    values = pl.read_csv(
        data, separator=separator, n_rows=rows, infer_schema_length=rows, try_parse_dates=True,
        truncate_ragged_lines=True, ignore_errors=True, encoding="utf8-lossy",
    )  # fmt: skip
    names = texts.columns[:_MOST_COLUMNS]
    schema = values.schema  # made anew each time, of all columns
    columns = [PreviewColumn(name, _type_name(schema[name])) for name in names]
    shown = [[_shortened(value) for value in row] for row in texts.select(names).head(rows).rows()]
    return TablePreview(columns, shown, texts.width, texts.height if whole else None)


def _first_lines(path: Path) -> tuple[bytes, bool]:
    """The first megabyte up to the end of a line, and whether that is the whole file."""
    with path.open("rb") as file:
        data = file.read(_FIRST_BYTES + 1)
    if b"\0" in data:
        raise _no_table(path, "it is not a text in UTF-8")
    if len(data) <= _FIRST_BYTES:
        return data, True
    end = data.rfind(b"\n") + 1
    if end == 0:
        raise _no_table(path, "its first line is longer than a megabyte")
    return data[:end], False


def _of_parquet(path: Path, rows: int) -> TablePreview:
    scan = pl.scan_parquet(path, glob=False)
    schema = scan.collect_schema()
    names = schema.names()[:_MOST_COLUMNS]
    frame = scan.select(names).head(rows).collect()
    total = scan.select(pl.len()).collect().item()
    written = [
        frame[name].cast(pl.String) if schema[name].is_numeric() else map(_written, frame[name].to_list())
        for name in names
    ]
    texts = [[_shortened(value) for value in column] for column in written]
    columns = [PreviewColumn(name, _type_name(schema[name])) for name in names]
    return TablePreview(columns, [list(row) for row in zip(*texts, strict=True)], len(schema), total)


def _written(value: object) -> str | None:
    """A value that is no number, as a person reads it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return None if value is None else str(value)


def _shortened(text: str | None) -> str | None:
    return text if text is None or len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _type_name(kind: pl.DataType) -> str:
    return str(kind.base_type()).lower()
