"""Metrics become the table that a person would have made of them."""

import math

import polars  # noqa: F401, ICN001  # so that small files are read with it too
import pytest
from pandas.testing import assert_frame_equal
from polars.testing import assert_frame_equal as assert_polars_equal

from trackside.errors import InvalidInput, NotFound
from trackside.sdk import table
from trackside.sdk.table import frame_of_folder, frame_of_records
from trackside.tracking.atomic import encode_json
from trackside.tracking.folder import RunFolder
from trackside.tracking.reading.choice import use_polars


def test_records_of_one_step_are_one_row():
    records = [
        {"_idx": 0, "_timestamp": "t", "step": 0, "loss": 1.0},
        {"_idx": 1, "_timestamp": "t", "step": 0, "acc": 0.5},
        {"_idx": 2, "_timestamp": "t", "step": 1, "loss": math.inf},
    ]
    frame = frame_of_records(records)
    assert list(frame.columns) == ["loss", "acc"]
    assert list(frame.index) == [0, 1]
    assert frame.index.name == "step"
    assert frame.loc[0].to_dict() == {"loss": 1.0, "acc": 0.5}
    assert frame.loc[1, "loss"] == math.inf
    assert math.isnan(frame.loc[1, "acc"])


def test_of_two_values_for_a_step_the_later_stands_and_steps_are_in_order():
    frame = frame_of_records([{"step": 2, "a": 1}, {"step": 1, "a": 2}, {"step": 2, "a": 3}])
    assert frame["a"].to_dict() == {1: 2, 2: 3}


def test_without_steps_the_order_of_logging_counts():
    frame = frame_of_records([{"a": 1}, {"a": 2, "step": 7}])
    assert list(frame.index) == [0, 1]
    assert list(frame.columns) == ["a", "step"]


def test_nothing_logged_is_an_empty_table():
    assert frame_of_records([]).empty


def test_a_missing_pandas_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match="pip install pandas"):
        frame_of_records([])


LOGGED = [
    {"_idx": 0, "_timestamp": "2026-11-22T09:30:00Z", "step": 1, "loss": 1, "note": "a"},
    {"_idx": 1, "_timestamp": "2026-11-22T09:30:02Z", "step": 1, "loss": math.nan, "acc": 0.5},
    {"_idx": 2, "_timestamp": "2026-11-22T09:30:01Z", "step": 0, "loss": 3, "ok": True},
    {"_idx": 3, "_timestamp": "2026-11-22T09:30:01Z", "step": 0, "acc": None},
]


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("x", ["step", "time", "note"])
@pytest.mark.parametrize("keys", [None, ["acc", "loss"], ["step", "acc"]])
@pytest.mark.parametrize("drop", [(), ("step",)])
def test_the_fast_way_gives_the_same_table(tmp_path, library, x, keys, drop):
    """Of records without a step too, among those that have one."""
    folder = RunFolder(tmp_path)
    records = [
        {key: value for key, value in each.items() if key not in drop or n != 3} for n, each in enumerate(LOGGED)
    ]
    folder.metrics.write_bytes(b"".join(encode_json(record) for record in records))
    assert use_polars(folder)
    fast, plain = frame_of_folder(folder, keys, x, library), frame_of_records(records, keys, x, library)
    assert list(fast.columns) == list(plain.columns)
    if library == "polars":
        assert_polars_equal(fast, plain, check_dtypes=False)
    else:
        assert_frame_equal(fast, plain, check_dtype=False)


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    "asked", [{"keys": ["los"]}, {"keys": ["loss", "los"]}, {"x": "los"}, {"x": "los", "keys": ["loss"]}]
)
def test_a_metric_that_nobody_logged_is_named_with_those_that_are_near(tmp_path, monkeypatch, fast, asked):
    monkeypatch.setattr(table, "use_polars", lambda _: fast)
    RunFolder(tmp_path).metrics.write_text('{"step": 0, "loss": 1}\n')
    with pytest.raises(NotFound, match=f"{tmp_path.name} has no metric 'los'") as error:
        frame_of_folder(RunFolder(tmp_path), **asked)
    assert "'loss'" in (error.value.hint or "")


@pytest.mark.parametrize("fast", [True, False])
def test_before_anything_is_logged_every_key_is_known(tmp_path, monkeypatch, fast):
    monkeypatch.setattr(table, "use_polars", lambda _: fast)
    RunFolder(tmp_path).metrics.touch()
    assert frame_of_folder(RunFolder(tmp_path), ["loss"]).empty


def test_a_library_that_is_none_is_named_before_it_is_looked_for(tmp_path):
    with pytest.raises(InvalidInput, match="no tables of 'arrow'"):
        frame_of_folder(RunFolder(tmp_path), library="arrow")
