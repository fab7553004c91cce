"""The head of a file that holds a table, as the server answers it."""

from __future__ import annotations

import msgspec

__all__ = ["PreviewColumn", "TablePreview"]


class PreviewColumn(msgspec.Struct, frozen=True):
    """One column; ``type`` in the words of columnar libraries: ``int64``, ``float32``, ``string``, ``datetime``."""

    name: str
    type: str


class TablePreview(msgspec.Struct, frozen=True):
    """The first columns and rows of a CSV, TSV or Parquet file.

    Each row has one text for each of ``columns``, None where the file has no value; long texts are cut and end in
    ``…``. ``width`` is the number of columns in the file, ``total`` that of its rows: None where only reading the
    whole file would tell.
    """

    columns: list[PreviewColumn]
    rows: list[list[str | None]]
    width: int
    total: int | None = None
