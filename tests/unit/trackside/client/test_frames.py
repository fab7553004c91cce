"""Columns of runs as DataFrames."""

import math
from datetime import UTC, datetime

import httpx
import pytest
from tests.talking import Recorder

from trackside.client import Client
from trackside.client.frames import frame_of_table
from trackside.errors import InvalidInput
from trackside.models import RunTable

TABLE = RunTable(
    {
        "id": ["b", "a"], "name": ["b", "a"], "status": ["running", "failed"], "tags": [["x"], []],
        "started": ["2026-11-22T09:30:00Z", None], "duration": [1.5, None], "config.lr": [0.1, None],
        "config.any": [1, "auto"], "config.note": ["NaN", "text"], "loss.last": ["NaN", 0.5], "loss.max": ["Infinity", 2],
    },
    more=True,
)  # fmt: skip


def test_numbers_are_numbers_and_moments_moments():
    frame = frame_of_table(TABLE, "pandas")
    assert list(frame.columns) == list(TABLE.columns)
    assert frame["started"][0].to_pydatetime() == datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    assert frame["loss.last"].dtype == frame["config.lr"].dtype == float
    assert (math.isnan(frame["loss.last"][0]), frame["loss.max"][0]) == (True, math.inf)
    assert (frame["config.note"].tolist(), frame["config.any"].tolist()) == (["NaN", "text"], [1, "auto"])
    assert (frame["tags"].tolist(), frame.attrs["more"]) == ([["x"], []], True)


def test_numbers_with_gaps_are_floats_and_whole_numbers_beyond_a_word_stay_whole():
    columns = {**TABLE.columns, "gaps": [1, None], "whole": [1, 2], "huge": [2**70, 1], "none": [None, None]}
    frame = frame_of_table(RunTable(columns), "pandas")
    assert [str(frame[key].dtype) for key in ("gaps", "whole", "huge", "none")] == [
        "float64",
        "int64",
        "object",
        "object",
    ]
    assert frame["huge"][0] == 2**70


def test_polars_has_the_same_columns_with_one_type_each():
    import polars as pl

    frame = frame_of_table(TABLE, "polars")
    assert frame.columns == list(TABLE.columns)
    assert frame.schema["started"] == pl.Datetime("us", "UTC")
    assert frame["config.any"].to_list() == ["1", "auto"]
    assert frame["loss.max"].to_list() == [math.inf, 2.0]
    assert frame["tags"].to_list() == [["x"], []]


def test_no_runs_are_an_empty_table():
    empty = RunTable({key: [] for key in list(TABLE.columns)[:6]})
    assert len(frame_of_table(empty, "pandas")) == 0


def test_a_table_is_asked_for_by_a_query():
    wire = Recorder(httpx.Response(200, json={"columns": {key: [] for key in TABLE.columns}}))
    runs = Client("http://127.0.0.1:1/", "t", transport=wire).runs
    runs.table("tag:x loss<1", limit=7)
    assert dict(wire.last.url.params) == {"query": "tag:x loss<1", "limit": "7"}


@pytest.mark.parametrize(("library", "said"), [("panda", "'pandas'"), ("cudf", "Choose pandas or polars")])
def test_an_unknown_library_is_refused_before_anything_is_asked(library, said):
    wire = Recorder()
    with pytest.raises(InvalidInput, match=said):
        Client("http://127.0.0.1:1/", "t", transport=wire).runs.table(library=library)
    assert wire.requests == []


def test_a_library_that_is_missing_is_named_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match="pip install polars"):
        Client("http://127.0.0.1:1/", "t", transport=Recorder()).runs.table(library="polars")
