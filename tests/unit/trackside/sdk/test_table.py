"""Metrics become the table that a person would have made of them."""

import math

import pytest

from trackside.errors import InvalidInput
from trackside.sdk.table import frame_of_records


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
