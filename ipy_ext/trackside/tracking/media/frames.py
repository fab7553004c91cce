"""What a table may be: frames of pandas and polars, tables of pyarrow, rows as dicts, columns as a dict."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Protocol

from trackside.errors import NotLoggable
from trackside.tracking.media.content import kind_of

__all__ = ["Frame", "frame_of"]

Row = Sequence[object]


class Frame(Protocol):
    """One table: its columns, its rows, and itself as Parquet."""

    @property
    def names(self) -> list[str]:
        """The names of the columns."""

    @property
    def size(self) -> int:
        """The number of rows."""

    def rows(self, most: int) -> Iterator[Row]:
        """Yield the first rows."""

    def parquet(self) -> bytes:
        """Return the table as Parquet. Raises ImportError where no library can write it."""


def frame_of(key: str, value: Any) -> Frame:
    """Return a value as a table. Raises NotLoggable naming the key when it is none."""
    home = type(value).__module__.partition(".")[0]
    if home == "pandas" and hasattr(value, "to_frame") and not hasattr(value, "columns"):
        value = value.to_frame()
    if home == "polars" and hasattr(value, "collect"):
        value = value.collect()
    if hasattr(value, "write_parquet") and hasattr(value, "iter_rows"):
        return _Polars(value)
    if hasattr(value, "to_parquet") and hasattr(value, "itertuples"):
        return _Pandas(value)
    if hasattr(value, "to_pylist") and hasattr(value, "column_names"):
        return _Arrow(value)
    if isinstance(value, Mapping):
        return _Plain(*_of_columns(key, value))
    if isinstance(value, (list, tuple)) and all(isinstance(row, Mapping) for row in value):
        return _Plain(*_of_rows(value))
    raise NotLoggable(f"{key!r}: a {kind_of(value)} is not a table.", hint="Log a DataFrame, or a list of dicts.")


class _Polars:
    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.names: list[str] = list(frame.columns)
        self.size: int = frame.height

    def rows(self, most: int) -> Iterator[Row]:
        rows: Iterator[Row] = self._frame.head(most).iter_rows()
        return rows

    def parquet(self) -> bytes:
        buffer = io.BytesIO()
        self._frame.write_parquet(buffer)
        return buffer.getvalue()


class _Pandas:
    """A frame of pandas; an index that is more than row numbers becomes columns."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame if type(frame.index).__name__ == "RangeIndex" else _with_index(frame)
        self.names = [_column_name(name) for name in self._frame.columns]
        self.size = len(frame)

    def rows(self, most: int) -> Iterator[Row]:
        rows: Iterator[Row] = self._frame.head(most).itertuples(index=False, name=None)
        return rows

    def parquet(self) -> bytes:
        named = self._frame.set_axis(self.names, axis=1)
        if _find("pyarrow") is not None:
            buffer = io.BytesIO()
            named.to_parquet(buffer, engine="pyarrow", index=False)
            return buffer.getvalue()
        columns = {name: _values(named.iloc[:, place]) for place, name in enumerate(self.names)}
        return _Polars(_need("polars").DataFrame(columns, strict=False)).parquet()


class _Arrow:
    def __init__(self, table: Any) -> None:
        self._table = table
        self.names: list[str] = list(table.column_names)
        self.size: int = table.num_rows

    def rows(self, most: int) -> Iterator[Row]:
        return (list(row.values()) for row in self._table.slice(0, most).to_pylist())

    def parquet(self) -> bytes:
        buffer = io.BytesIO()
        _need("pyarrow.parquet").write_table(self._table, buffer)
        return buffer.getvalue()


class _Plain:
    """Columns of Python's own values."""

    def __init__(self, columns: Mapping[str, Sequence[object]], size: int) -> None:
        self._columns = columns
        self.names = list(columns)
        self.size = size

    def rows(self, most: int) -> Iterator[Row]:
        parts = [column[:most] for column in self._columns.values()]
        return iter(zip(*parts, strict=True)) if parts else iter(())

    def parquet(self) -> bytes:
        for name, make in (("polars", self._by_polars), ("pyarrow", self._by_arrow)):
            module = _find(name)
            if module is not None:
                return make(module)
        raise ImportError("neither polars nor pyarrow is there")

    def _by_polars(self, polars: Any) -> bytes:
        return _Polars(polars.DataFrame(dict(self._columns), strict=False)).parquet()

    def _by_arrow(self, pyarrow: Any) -> bytes:
        return _Arrow(pyarrow.table({name: list(column) for name, column in self._columns.items()})).parquet()


def _of_rows(rows: Sequence[Mapping[object, object]]) -> tuple[dict[str, list[object]], int]:
    """Return dicts as columns, in the order in which their keys first come; what a row lacks is None."""
    keys = dict.fromkeys(key for row in rows for key in row)
    return {str(key): [_plain(row.get(key)) for row in rows] for key in keys}, len(rows)


def _of_columns(key: str, columns: Mapping[object, Any]) -> tuple[dict[str, list[object]], int]:
    found: dict[str, list[object]] = {}
    for name, column in columns.items():
        if isinstance(column, (str, bytes, Mapping)) or not hasattr(column, "__iter__"):
            raise NotLoggable(f"{key!r}: the column {name!r} is a {kind_of(column)}.", hint="Columns are lists.")
        found[str(name)] = [_plain(value) for value in column]
    sizes = {len(column) for column in found.values()}
    if len(sizes) > 1:
        raise NotLoggable(f"{key!r}: its columns have {sorted(sizes)} rows.", hint="Give all the same number.")
    return found, sizes.pop() if sizes else 0


def _plain(value: object) -> object:
    """Return a scalar of numpy, torch, … as Python's own."""
    item = getattr(value, "item", None)
    return item() if callable(item) and getattr(value, "shape", None) == () else value


def _with_index(frame: Any) -> Any:
    taken = set(frame.columns)
    return frame.reset_index(drop=any(name in taken for name in frame.index.names))


def _column_name(name: object) -> str:
    return "/".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _values(series: Any) -> list[object]:
    values: list[object] = series.astype(object).where(series.notna(), None).tolist()
    return values


def _need(name: str) -> Any:
    return importlib.import_module(name)


def _find(name: str) -> ModuleType | None:
    try:
        return sys.modules.get(name) or importlib.import_module(name)
    except ImportError:
        return None
