"""Where the values of a sweep go, by what runs."""

import math

import pytest

from trackside.errors import InvalidInput
from trackside.models import Metrics, Series
from trackside.sdk import measured
from trackside.sdk.sweep import sweep, sweep_fields

GRID = {"lr": [0.1, 0.01], "flag": [True]}


def test_a_script_gets_arguments_and_a_place_that_is_named_comes_first():
    first, second = sweep_fields({"script": "/t.py", "args": ["--rate={lr}", "{other}"]}, GRID)
    assert first["args"] == ["--rate=0.1", "{other}", "--flag", "true"]
    assert second["args"][0] == "--rate=0.01"
    assert (first["name"], first["config"]) == ("lr=0.1", {"lr": 0.1, "flag": True})


def test_a_command_gets_them_where_they_are_named():
    command = ["python", "t.py", "--lr", "{lr}", "{flag}", "{}"]
    assert sweep_fields({"command": command}, GRID)[1]["command"] == ["python", "t.py", "--lr", "0.01", "true", "{}"]
    assert sweep_fields({"command": "t {lr} {flag} ${HOME}"}, GRID)[0]["command"] == "t 0.1 true ${HOME}"
    words = sweep_fields({"command": "echo {w}"}, {"w": ["a b; rm x", "c"]})
    assert words[0]["command"] == "echo 'a b; rm x'", "one word for the shell"
    with pytest.raises(InvalidInput, match="flag varies, but the command has no place for it"):
        sweep_fields({"command": ["t", "{lr}"]}, GRID)


def test_a_notebook_gets_parameters_over_those_that_it_has():
    (first, _) = sweep_fields({"notebook": "/n.ipynb", "params": {"lr": 5, "size": 3}, "name": "n"}, GRID)
    assert first["params"] == {"lr": 0.1, "size": 3, "flag": True}
    assert first["name"] == "n lr=0.1"


def test_a_function_is_sent_to_map():
    with pytest.raises(InvalidInput, match=r"Write trackside\.map"):
        sweep(len, "n=1,2")


class _Runs:
    """Runs that logged one metric each."""

    def __init__(self, **series):
        self.series = series

    def metrics(self, run, keys=None, **_):
        series = self.series.get(run)
        return Metrics(run, "step", {"loss": series} if series else {}, 0, 0)


def test_the_facts_of_metrics_are_numbers_and_none_where_nothing_was_logged():
    runs = _Runs(a=Series([0], [None], 1, "NaN", None, None), b=Series([0], [2.0], 1, 2.0, 2.0, 2.0))
    found = measured.series_of(type("Client", (), {"runs": runs}), ["a", "b", "c"])
    last = measured.columns(found)["loss.last"]
    assert math.isnan(last[0])
    assert last[1:] == [2.0, None]
    assert measured.facts(found, "loss", "min") == [None, 2.0, None]
