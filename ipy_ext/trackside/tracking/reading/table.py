"""A run's metrics as a DataFrame: one row for each record, the axis first."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, overload

from trackside.errors import InvalidInput, NotFound
from trackside.tracking.folder import RunFolder
from trackside.tracking.reading.choice import use_polars
from trackside.tracking.reading.plain import PlainTable, plain_table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["Library", "in_library", "metrics_table", "need", "need_known", "unknown", "wanted_keys"]

Library = Literal["pandas", "polars"]


@overload
def metrics_table(
    run_dir: str | os.PathLike[str],
    keys: str | Iterable[str] | None = None,
    x: str = "step",
    *,
    library: Literal["polars"],
) -> pl.DataFrame: ...
@overload
def metrics_table(
    run_dir: str | os.PathLike[str],
    keys: str | Iterable[str] | None = None,
    x: str = "step",
    library: Literal["pandas"] = "pandas",
) -> pd.DataFrame: ...
@overload
def metrics_table(
    run_dir: str | os.PathLike[str],
    keys: str | Iterable[str] | None = None,
    x: str = "step",
    library: Library = "pandas",
) -> pd.DataFrame | pl.DataFrame: ...


def metrics_table(
    run_dir: str | os.PathLike[str],
    keys: str | Iterable[str] | None = None,
    x: str = "step",
    library: Library = "pandas",
) -> pd.DataFrame | pl.DataFrame:
    """Return what a run has logged so far: a row for each record in the order of logging, ``x`` the first column.

    ``x`` is ``step`` (records without one count on), ``time`` (UTC) or any key; records that have no place there are
    left out. ``keys`` are the other columns, default all; rows that have none of them are left out. Whole numbers are
    integers, NaN and infinities floats, texts texts; a value that was not logged is NaN in pandas, null in polars.
    A pandas table has the number of torn lines in ``attrs["torn"]``.

    Works on a run in progress, of several hosts, of the package ``whirr``. Raises NotFound for a key that the run
    does not have, InvalidInput when the library is not installed or something else than names is asked for.
    """
    need(library)
    wanted = wanted_keys(keys, x)
    folder = RunFolder(run_dir)
    if use_polars(folder):
        from trackside.tracking.reading import frames
        from trackside.tracking.reading.fast import Mixed

        try:
            frame, torn = frames.read_frame(folder, wanted, x)
        except Mixed:
            pass
        else:
            need_known([*(wanted or ()), x], frame.columns, folder)
            return frame if library == "polars" else frames.in_pandas(frame, torn)
    table = plain_table(folder, wanted, x)
    need_known([*(wanted or ()), x], table.columns, folder)
    return in_library(table, library)


def wanted_keys(keys: object, x: object) -> list[str] | None:
    """Return the names of the columns that are asked for, each once; None for all.

    Raises InvalidInput for what are no names.
    """
    if not isinstance(x, str):
        raise InvalidInput(f"x={x!r} is no axis.", hint="It is 'step', 'time' or the name of a metric.")
    if keys is None:
        return None
    found: list[Any] = [keys] if isinstance(keys, str) or not isinstance(keys, Iterable) else list(keys)
    wrong = [key for key in found if not isinstance(key, str)]
    if wrong:
        raise InvalidInput(f"{wrong[0]!r} is not the name of a metric.", hint="Names are texts.")
    return list(dict.fromkeys(found))


def need(library: str) -> None:
    """Raise InvalidInput when a library is none of ours, or not installed."""
    if library not in ("pandas", "polars"):
        raise InvalidInput(f"There are no tables of {library!r}.", hint="Say pandas or polars.")
    if importlib.util.find_spec(library) is None:
        raise InvalidInput(
            f"A table of metrics needs {library}.",
            hint=f"Install it with `pip install {library}`.",
            code="missing_package",
        )


def in_library(table: PlainTable, library: Library) -> pd.DataFrame | pl.DataFrame:
    """Return a table that was read plainly as a DataFrame."""
    if library == "polars":
        from trackside.tracking.reading import frames

        return frames.of_plain(table)
    from trackside.tracking.reading import in_pandas

    return in_pandas.of_plain(table)


def need_known(names: Sequence[str], found: Iterable[str], folder: RunFolder) -> None:
    """Raise NotFound for a name that is not among the columns found, unless there are none: nothing was logged yet."""
    there = set(found)
    missing = [name for name in names if name not in there]
    if not missing or not there:
        return
    from trackside.tracking.reading.plain import read_plainly

    records = read_plainly(folder).records
    if records:
        raise unknown(missing[0], (key for record in records for key in record), folder.path.name)


def unknown(name: str, known: Iterable[str], run_id: str = "") -> NotFound:
    """Return the error for a metric that a run does not have, with those of the known ones that are near."""
    metrics = dict.fromkeys(key for key in known if not key.startswith("_"))
    near = get_close_matches(name, metrics, n=3) or sorted(metrics)[:10]
    return NotFound(
        f"The run {run_id} has no metric {name!r}." if run_id else f"No record has a metric {name!r}.",
        hint=f"It has {', '.join(map(repr, near))}." if near else "",
        code="metric_not_found",
    )
