"""A run's metrics as a DataFrame of pandas or polars; that all ways to read agree is proved in the property tests."""

import math
from datetime import UTC, datetime

import pytest

import trackside
from trackside.errors import InvalidInput, NotFound
from trackside.tracking.folder import RunFolder
from trackside.tracking.reading import MetricFacts, metric_facts, metrics_table, table

LINES = """{"_idx": 0, "_timestamp": "2026-11-22T09:30:00Z", "step": 5, "loss": 1, "note": "warm"}
{"_idx": 1, "_timestamp": "2026-11-22T09:30:01.5Z", "step": 5, "loss": "NaN", "ok": true, "n": 3}
{"_idx": 2, "_ti{"_idx": 7, "_timestamp": "2026-11-22T09:30:02Z", "loss": "-Infinity", "n": 4}
{"_idx": 8, "_timestamp": "2026-11-22T09:30:03Z", "step": 2, "late": 0.5}"""


@pytest.fixture(params=["plain", "polars"])
def run(request, tmp_path, monkeypatch):
    monkeypatch.setattr(table, "use_polars", lambda *_: request.param == "polars")
    RunFolder(tmp_path).metrics.write_text(LINES)
    return tmp_path


def test_there_is_a_row_for_each_record_in_the_order_of_logging(run):
    frame = metrics_table(run)
    assert list(frame.columns) == ["step", "loss", "note", "ok", "n", "late"]
    assert frame["step"].tolist() == [5, 5, 7, 2]
    assert frame["loss"].tolist()[::2] == [1, -math.inf]
    assert frame["loss"].isna().tolist() == [False, True, False, True]
    assert frame["note"].tolist()[0] == "warm"
    assert (frame["step"].dtype, frame["n"].dtype, frame["late"].dtype) == ("int64", "float64", "float64")
    assert frame.attrs["torn"] == 1


def test_polars_tells_a_nan_from_what_was_not_logged(run):
    frame = metrics_table(run, library="polars")
    assert frame["loss"].is_null().to_list() == [False, False, False, True]
    assert frame["loss"].is_nan().to_list()[1]
    assert frame["n"].to_list() == [None, 3, 4, None]


def test_the_axis_is_time_or_any_key(run):
    assert metrics_table(run, ["late"], x="time")["time"].tolist() == [datetime(2026, 11, 22, 9, 30, 3, tzinfo=UTC)]
    over = metrics_table(run, x="n")
    assert (over["n"].tolist(), over["loss"].tolist()[1]) == ([3, 4], -math.inf)


def test_only_the_rows_that_have_one_of_the_keys_are_there(run):
    assert metrics_table(run, ["late", "ok"])["step"].tolist() == [5, 2]
    assert list(metrics_table(run, "late").columns) == ["step", "late"]


@pytest.mark.parametrize("call", [{"keys": ["los"]}, {"x": "los"}])
def test_a_key_that_nobody_logged_is_named_with_those_that_are_near(run, call):
    with pytest.raises(NotFound, match="no metric 'los'") as error:
        metrics_table(run, **call)
    assert "'loss'" in (error.value.hint or "")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_nothing_logged_is_an_empty_table_with_the_columns_asked_for(tmp_path, library):
    for there in (False, True):
        if there:
            RunFolder(tmp_path).metrics.touch()
        frame = metrics_table(tmp_path, ["loss"], library=library)
        assert (list(frame.columns), len(frame)) == (["step", "loss"], 0)


def test_a_library_that_is_missing_or_unknown_is_named(tmp_path, monkeypatch):
    with pytest.raises(InvalidInput, match="no tables of 'arrow'"):
        metrics_table(tmp_path, library="arrow")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InvalidInput) as error:
        metrics_table(tmp_path, library="polars")
    assert "pip install polars" in (error.value.hint or "")


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"x": None}, "x=None is no axis"), ({"keys": [3]}, "3 is not the name"), ({"keys": 3}, "3 is not")],
)
def test_what_is_no_name_is_refused(run, asked, said):
    with pytest.raises(InvalidInput, match=said):
        metrics_table(run, **asked)


def test_facts_are_of_numbers_alone(run):
    facts = metric_facts(run)
    assert set(facts) == {"loss", "n", "late"}
    assert facts["loss"] == MetricFacts(3, -math.inf, 1.0, 1.0)
    assert facts["n"] == MetricFacts(2, 4.0, 3.0, 4.0)


def test_a_run_reads_what_it_has_logged_so_far(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKSIDE_HOME", str(tmp_path))
    with trackside.init(system_metrics=False, capture_git=False, capture_pip=False) as run:
        assert run.metrics().empty
        run.log({"loss": 0.5, "val": {"acc": 1}}, step=3)
        assert run.metrics().to_dict("list") == {"step": [3], "loss": [0.5], "val/acc": [1]}
    assert run.metrics("loss", x="step")["loss"].tolist() == [0.5]
    with pytest.raises(TypeError):
        run.metrics("loss", "val/acc")  # a second key is no axis
