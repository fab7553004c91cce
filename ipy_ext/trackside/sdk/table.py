"""The metrics of a run as a DataFrame."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from trackside.errors import InvalidInput

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["frame_of_records"]


def frame_of_records(records: Iterable[Mapping[str, object]]) -> DataFrame:
    """Return one row per step and one column per metric; of two values for one step the later one stands.

    The index is ``step`` when every record has one, else the place in the order of logging, with ``step`` a column.
    """
    _need_pandas()
    import pandas as pd

    logged = list(records)
    by_step = bool(logged) and all(_is_number(record.get("step")) for record in logged)
    rows: dict[object, dict[str, object]] = {}
    for position, record in enumerate(logged):
        row = rows.setdefault(record["step"] if by_step else position, {})
        row.update((key, value) for key, value in record.items() if not key.startswith("_"))
    columns = dict.fromkeys(key for row in rows.values() for key in row if not (by_step and key == "step"))
    frame = pd.DataFrame(list(rows.values()), index=list(rows), columns=list(columns))
    frame.index.name = "step" if by_step else None
    return frame.sort_index()


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _need_pandas() -> None:
    if importlib.util.find_spec("pandas") is None:
        raise InvalidInput(
            "A table of metrics needs pandas.", hint="Install it with `pip install pandas`.", code="missing_package"
        )
