"""The metrics of a job as a DataFrame: one row for each step, the later value of two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from trackside.tracking.folder import RunFolder
from trackside.tracking.reading.choice import use_polars
from trackside.tracking.reading.plain import PlainTable, column_of, placed
from trackside.tracking.reading.table import Library, in_library, need, need_known, unknown

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["frame_of_folder", "frame_of_records"]


def frame_of_folder(
    folder: RunFolder, keys: Sequence[str] | None = None, x: str = "step", library: Library = "pandas"
) -> DataFrame:
    """Return what ``frame_of_records`` makes of the records of a run folder, fast where polars is installed."""
    from trackside.tracking import read_metrics

    need(library)
    if use_polars(folder):
        from trackside.tracking.reading import frames
        from trackside.tracking.reading.fast import Mixed
        from trackside.tracking.reading.stepwise import read_stepwise

        try:
            frame, by_place = read_stepwise(folder, keys, x)
        except Mixed:
            pass
        else:
            need_known([*(keys or ()), *([x] if x != "step" else ())], frame.columns, folder)
            return frame if library == "polars" else _indexed(frames.in_pandas(frame, 0), x if by_place else None)
    return frame_of_records(read_metrics(folder.metrics), keys, x, library, folder.path.name)


def frame_of_records(
    records: Iterable[Mapping[str, object]],
    keys: Sequence[str] | None = None,
    x: str = "step",
    library: Library = "pandas",
    run_id: str = "",
) -> DataFrame:
    """Return one row per step and one column per metric; of two values for one step the later one stands.

    The index is ``step`` when every record has one, else the place in the order of logging, with ``step`` a column.
    ``x`` may also be ``time`` or a key; then records without a place there are left out. In polars it is a column.

    Raises NotFound for a key that no record has, unless there are no records at all yet.
    """
    need(library)
    logged = [dict(record) for record in records]
    by_place = x != "step" or (bool(logged) and all(_is_number(record.get("step")) for record in logged))
    places = placed(logged, x) if by_place else list(range(len(logged)))
    there = dict.fromkeys(key for record in logged for key in record)
    missing = [key for key in (*(keys or ()), x) if key not in there and not (key == x and x in {"step", "time"})]
    if missing and there:
        raise unknown(missing[0], there, run_id)
    axis = {x} if by_place else set()
    if keys is None:
        names = [key for key in there if not key.startswith("_") and not (by_place and key in {"step", x})]
    else:
        names = [key for key in keys if key not in axis]
    rows: dict[object, dict[str, object]] = {}
    for place, record in zip(places, logged, strict=True):
        if place is not None:
            rows.setdefault(place, {}).update((name, record[name]) for name in names if name in record)
    if by_place and keys is not None:
        rows = {place: row for place, row in rows.items() if any(value is not None for value in row.values())}
    found = sorted(rows.items(), key=lambda item: item[0])  # type: ignore[arg-type, return-value]  # all of one kind
    columns = {x: column_of(x, x, [place for place, _ in found])} if by_place else {}
    columns |= {name: column_of(name, x, [row.get(name) for _, row in found]) for name in names}
    frame = in_library(PlainTable(columns, 0), library)
    return frame if library == "polars" else _indexed(frame, x if by_place else None)


def _indexed(frame: DataFrame, x: str | None) -> DataFrame:
    """The table with its axis as the index, if it has one."""
    return frame.set_index(x) if x in frame.columns else frame


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
