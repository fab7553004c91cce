import json
import math
from typing import Any

import numpy as np
import pytest

from trackside.tracking.encoding import choose_encoding
from trackside.tracking.shapes import Line, Shapes
from trackside.tracking.values import loggable


@pytest.fixture(params=["orjson", "msgspec", "json"])
def shapes(request: pytest.FixtureRequest) -> Shapes:
    return Shapes(choose_encoding(request.param))


def _learnt(shapes: Shapes, metrics: dict[Any, object], step: object = 1) -> Line | None:
    shapes.learn(metrics, step)
    return shapes.learn(metrics, step)


def _record(line: Line, metrics: object, step: object = 1) -> dict[str, object]:
    found = line(7, "2026-11-22T09:30:00.123456Z", step, metrics)
    assert found.endswith(b"}\n")
    record = json.loads(found)
    assert (record.pop("_idx"), record.pop("_timestamp")) == (7, "2026-11-22T09:30:00.123456Z")
    assert record.pop("step", None) == step
    return record  # type: ignore[no-any-return]


class OfAnotherLibrary:
    shape = ()

    def __init__(self, value: object) -> None:
        self._value = value

    def item(self) -> object:
        return self._value


SHAPES = [
    {"train": {"loss": 0.5, "top": {"1": 2}}, "lr": 1e-3, "done": True},
    {"a": np.float32(0.1), "b": np.float64(0.1), "c": np.int64(3), "d": np.uint8(2), "e": np.bool_(True)},
    {"a": np.float16(0.1), "b": np.array(0.25), "c": np.array(3), "d": OfAnotherLibrary(0.5)},
    {"phase": "train", "nothing": None, "loss": 0.5},
    {"a": {"'": 1, '"': 2, "\\": 3, "\n": 4, "{x}": 5, "ü": 6}},
    {f"layer_{i}": i / 7 for i in range(100)},
    {"deep": {f"layer_{i}": np.float64(i) for i in range(100)}},
]


@pytest.mark.parametrize("metrics", SHAPES, ids=lambda metrics: "+".join(metrics)[:20])
@pytest.mark.parametrize("step", [None, 1, 2.5])
def test_a_function_for_a_shape_writes_what_the_careful_path_writes(
    shapes: Shapes, metrics: dict[str, object], step: object
) -> None:
    line = _learnt(shapes, metrics, step)
    assert line is not None
    assert list(_record(line, metrics, step).items()) == list(loggable(metrics).items())


def test_a_short_flat_record_needs_none_and_a_shape_that_comes_once_gets_none(shapes: Shapes) -> None:
    assert _learnt(shapes, {"loss": 0.5, "n": 3}) is None
    assert shapes.learn({"a": {"b": 1}}, 1) is None
    assert shapes.find({"a": {"b": 1}}, 1) is None


def test_a_shape_is_found_again_by_its_keys_and_by_whether_it_has_a_step(shapes: Shapes) -> None:
    line = _learnt(shapes, {"a": {"b": 1}})
    assert shapes.find({"a": {"b": 2}}, 5) is line
    assert shapes.find({"a": {"b": 2}}, None) is None
    assert shapes.find({"c": 1}, 5) is None
    assert shapes.find([1], 5) is None


@pytest.mark.parametrize(
    ("metrics", "step"),
    [
        ({"a": {"b": 1, "c": 2}, "x": 1.0}, None), ({"a": {"b": 1, "c": 2}, "x": 1.0}, "one"), ({"a": {"b": 1, "c": 2}}, 1),
        ({"a": {"b": 1, "c": 2}, "x": 1.0, "y": 2}, 1), ({"a": {"b": 1, "d": 2}, "x": 1.0}, 1), ({"a": 1, "x": 1.0}, 1),
        ({"a": {"b": 1, "c": 2, "d": 3}, "x": 1.0}, 1), ({"a": {"b": 1, "c": math.nan}, "x": 1.0}, 1),
        ({"a": {"b": 1, "c": math.inf}, "x": -math.inf}, 1), ({"a": {"b": 1, "c": 2}, "x": "text"}, 1),
        ({"a": {"b": 1, "c": 2}, "x": None}, 1), ({"a": {"b": 1, "c": {}}, "x": 1.0}, 1), ({"a": {"b": 1, "c": [2]}, "x": 1.0}, 1),
        ({"a": {"b": 1, "c": 2}, "x": np.zeros(3)}, 1), (None, 1), ([1], 1),
    ],
)  # fmt: skip
def test_what_no_longer_fits_is_refused(shapes: Shapes, metrics: object, step: object) -> None:
    line = _learnt(shapes, {"a": {"b": 1, "c": 2}, "x": 1.0})
    assert line is not None
    with pytest.raises(Exception):  # noqa: B017, PT011  any: the careful path decides
        line(7, "", step, metrics)


@pytest.mark.parametrize(
    "value", [np.array([1.0, 2.0]), np.float64("nan"), OfAnotherLibrary("x"), np.datetime64("now")]
)
def test_a_value_of_another_library_that_is_no_finite_number_is_refused(shapes: Shapes, value: object) -> None:
    line = _learnt(shapes, {"x": np.float64(1), "y": np.array(1.0), "z": OfAnotherLibrary(1)})
    assert line is not None
    with pytest.raises(Exception):  # noqa: B017, PT011
        line(7, "", 1, {"x": value, "y": np.array(1.0), "z": OfAnotherLibrary(1)})
    with pytest.raises(Exception):  # noqa: B017, PT011
        line(7, "", 1, {"x": np.float64(1), "y": np.array(1.0), "z": value})


@pytest.mark.parametrize("key", ["_idx", "_timestamp", "step"])
def test_a_key_of_ours_among_very_many_is_refused(shapes: Shapes, key: str) -> None:
    metrics: dict[str, object] = {f"layer_{i}": i / 7 for i in range(100)}
    line = _learnt(shapes, metrics)
    assert line is not None
    with pytest.raises(Exception):  # noqa: B017, PT011
        line(7, "", 1, metrics | {key: 1})


def test_a_place_that_held_a_text_and_then_a_number_takes_both(shapes: Shapes) -> None:
    shapes.learn({"a": {"b": None}}, 1)
    line = shapes.learn({"a": {"b": 0.5}}, 1)
    assert line is not None
    assert [_record(line, {"a": {"b": value}})["a/b"] for value in (None, 0.5, "x" * 2000, math.nan, np.int8(3))] == [
        None, 0.5, "x" * 1023 + "…", "NaN", 3,
    ]  # fmt: skip


def test_shapes_that_change_for_ever_cost_a_bounded_number_of_functions(shapes: Shapes) -> None:
    made = {id(_learnt(shapes, {f"a{i}": {"b": 1}})) for i in range(100)}
    assert len(made) <= 65
    assert len(shapes._seen) < 300
