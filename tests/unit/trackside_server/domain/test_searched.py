"""What of a run can be searched for."""

import math
from datetime import UTC, datetime

from trackside.models import MetricFacts
from trackside_server.domain.record import RunRow
from trackside_server.domain.searched import values_of, words_of


def value(number=None, text=None, low=None, high=None):
    return number, text, low, high


def row(**fields):
    given = {"id": "job-1", "uuid": "u", "name": "Base", "status": "completed", "run_dir": "/r", **fields}
    return RunRow(created_at=datetime(2026, 11, 22, tzinfo=UTC), **given)


def test_nested_settings_are_one_key_each_of_two_of_one_key_the_first():
    found = values_of(row(config={"opt": {"lr": 0.1, "betas": [0.9, 0.99]}, "opt/lr": 5, "opt.wd": 0, "none": {}}))
    assert found == {
        "config.opt.lr": value(0.1), "config.opt.betas": value(text="[0.9, 0.99]"), "config.opt.wd": value(0.0),
        "config.none": value(text="{}"),
    }  # fmt: skip


def test_every_kind_of_value_is_kept_as_it_is_compared():
    found = values_of(
        row(
            summary={
                "a": True,
                "b": None,
                "c": "ResNet",
                "d": "0.5",
                "e": "NaN",
                "f": "-Infinity",
                "g": 10**400,
                "h": math.nan,
            }
        )
    )
    assert [found[f"summary.{key}"] for key in "abcdefgh"] == [
        value(1.0, "true"), value(text="none"), value(text="resnet"), value(0.5, "0.5"), value(text="nan"),
        value(-math.inf), value(math.inf), value(text="nan"),
    ]  # fmt: skip


def test_a_metric_is_one_value_with_its_bounds():
    metrics = {"val/loss": MetricFacts(3, 0.5, 0.25, 2.0), "bad": MetricFacts(1, "NaN")}
    assert values_of(row(metrics=metrics)) == {
        "metric.val.loss": value(0.5, None, 0.25, 2.0),
        "metric.bad": value(text="nan"),
    }


def test_of_a_run_a_thousand_values_are_kept_and_of_a_text_its_beginning():
    many = {f"k{number}": "x" * 300 for number in range(700)}
    metrics = {f"m{number}": MetricFacts(1, 1.0) for number in range(700)}
    found = values_of(row(config={"deep": many}, summary=many, metrics=metrics))
    assert len(found) == 1000
    assert {key.partition(".")[0] for key in found} == {"config", "summary", "metric"}
    assert {len(each[1]) for each in found.values() if each[1]} == {200}


def test_words_are_id_name_and_tags_without_regard_to_case():
    assert words_of(row(tags=("Paper", "ÄÖ"))) == "job-1\nbase\npaper\näö"
