"""Single values become the records that they were logged as."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from trackside.tracking.importing.mlflow_store import parse_parameter
from trackside.tracking.importing.points import Point, Record, records_of
from trackside.tracking.importing.wandb_offline import sample_of
from trackside.tracking.importing.wandb_values import merge, parse, parts, put


def test_neighbours_of_one_step_are_one_record_with_the_time_of_the_first():
    points = [Point(10.0, 0, "a", 1), Point(10.5, 0, "b", 2), Point(10.6, 1, "a", 3)]
    assert list(records_of(points)) == [Record({"a": 1, "b": 2}, 10.0, 0), Record({"a": 3}, 10.6, 1)]


@pytest.mark.parametrize("other", [Point(10.1, 0, "a", 9), Point(11.0, 0, "b", 9), Point(8.9, 0, "b", 9)])
def test_a_key_twice_and_a_second_between_them_make_two_records(other):
    assert len(list(records_of([Point(10.0, 0, "a", 1), other]))) == 2


def test_no_point_is_no_record():
    assert list(records_of([])) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("-2.5", -2.5), ("1e-3", 0.001), ("Infinity", math.inf), ("-Infinity", -math.inf), ('"a"', "a"),
     ("true", True), ("null", None), ("[1]", [1]), ("what", "what")],
)  # fmt: skip
def test_a_value_of_wandb_is_json_with_nan(text, value):
    assert parse(text) == value
    assert type(parse(text)) is type(value)
    assert math.isnan(parse("NaN"))  # type: ignore[arg-type]


def item(*path, value):
    return SimpleNamespace(
        key="" if len(path) > 1 else path[0], nested_key=path if len(path) > 1 else [], value_json=value
    )


def test_paths_of_keys_make_nested_values_and_a_medium_stays_whole():
    row: dict[str, object] = {}
    for each in (item("a", value="1"), item("b", "c", value="2"), item("img", "_type", value='"image-file"')):
        put(row, each)
    assert dict(parts(row)) == {"a": 1, "b/c": 2, "img": {"_type": "image-file"}}


def test_a_config_is_changed_by_updates_and_removals():
    config: dict[str, object] = {"lr": 1, "net": {"depth": 3, "width": 4}}
    merge(
        config,
        SimpleNamespace(
            update=[item("net", "depth", value="5")], remove=[item("lr", value=""), item("net", "width", value="")]
        ),
    )
    assert config == {"net": {"depth": 5}}


def test_samples_of_wandb_get_our_names():
    given = {"cpu": 5, "gpu.1.gpu": 90, "gpu.1.memoryAllocatedBytes": 3 << 20, "gpu.1.powerWatts": 70, "disk.in": 1}
    assert sample_of(given) == {
        "cpu_percent": 5, "gpu_1_utilization": 90, "gpu_1_memory_used": 3, "gpu_1_power": 70, "disk.in": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"), [("0.1", 0.1), ("5", 5), ("True", True), ("None", None), ("adam", "adam"), ("[1, 2]", "[1, 2]")]
)
def test_a_parameter_of_mlflow_is_what_it_spells(text, value):
    assert parse_parameter(text) == value
    assert type(parse_parameter(text)) is type(value)
