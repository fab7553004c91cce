import csv
import io
import json
import sys
from datetime import datetime
from typing import Any

import pandas as pd
import polars as pl
import pytest

from trackside.errors import NotLoggable
from trackside.tracking.media.table import table

ROWS = [{"word": "a", "count": 1, "share": 0.5}, {"word": "b", "count": 2, "share": float("nan"), "more": True}]


def _without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)


def _csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode())))


@pytest.mark.parametrize(
    "value", [ROWS, {"word": ["a", "b"], "count": [1, 2], "share": [0.5, float("nan")], "more": [None, True]}]
)
def test_rows_and_columns_are_a_table(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    _without(monkeypatch, "polars", "pyarrow")
    made = table("a", value)
    assert (made.facts["rows"], made.facts["columns"]) == (2, 4)
    assert made.facts["names"] == ["word", "count", "share", "more"]
    assert made.facts["head"] == [["a", 1, 0.5, None], ["b", 2, "NaN", True]]
    assert made.format == "csv"
    assert "pip install polars" in made.warning
    assert _csv(made.data) == [["word", "count", "share", "more"], ["a", "1", "0.5", ""], ["b", "2", "nan", "True"]]


def test_a_frame_is_kept_with_an_index_that_says_something(monkeypatch: pytest.MonkeyPatch) -> None:
    _without(monkeypatch, "polars", "pyarrow")
    frame = pd.DataFrame({("a", 1): [1.5, 2.5], "when": [datetime(2026, 1, 2), None]})
    assert table("a", frame).facts["names"] == ["a/1", "when"]
    assert table("a", frame).facts["head"] == [[1.5, "2026-01-02 00:00:00"], [2.5, "NaT"]]
    named = frame.set_index(pd.Index(["x", "y"], name="id"))
    assert table("a", named).facts["names"] == ["id", "a/1", "when"]
    assert table("a", frame["when"]).facts["names"] == ["when"]


def test_a_table_is_parquet_where_polars_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    _without(monkeypatch, "pyarrow")
    frames: list[Any] = [
        ROWS, pd.DataFrame(ROWS), pd.DataFrame(ROWS).set_index("word"), pl.DataFrame(ROWS), pl.LazyFrame(ROWS)
    ]  # fmt: skip
    for frame in frames:
        made = table("a", frame)
        assert (made.format, made.warning) == ("parquet", "")
        back = pl.read_parquet(io.BytesIO(made.data))
        assert back.columns == ["word", "count", "share", "more"]
        assert (back["word"].to_list(), back["count"].to_list()) == (["a", "b"], [1, 2])
        assert made.facts["head"][0][:2] == ["a", 1]  # type: ignore[index]  # rows


def test_what_parquet_cannot_hold_is_csv_with_a_word() -> None:
    made = table("a", pd.DataFrame([[1, object()]], columns=["x", "x"]))
    assert made.format == "csv"
    assert "Parquet cannot hold it" in made.warning


def test_the_first_rows_fit_into_a_record() -> None:
    wide = [{f"column {place}": "x" * 300 for place in range(80)} for _ in range(100)]
    facts = table("a", wide).facts
    assert (facts["rows"], facts["columns"]) == (100, 80)
    assert len(json.dumps(facts)) < 20_000
    assert len(facts["head"][0]) == len(facts["names"]) == 50  # type: ignore[index, arg-type]  # lists
    assert facts["head"][0][0].endswith("…")  # type: ignore[index]  # a text


@pytest.mark.parametrize("value", [3, "text", [1, 2], {"a": [1], "b": [1, 2]}, {"a": "text"}, {"a": 1}])
def test_what_is_no_table_is_refused_with_its_key(value: object) -> None:
    with pytest.raises(NotLoggable, match="'errors'"):
        table("errors", value)


def test_an_empty_table_is_a_table() -> None:
    assert (table("a", []).facts["rows"], table("a", pd.DataFrame()).facts["columns"]) == (0, 0)
