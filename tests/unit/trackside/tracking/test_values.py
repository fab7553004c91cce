import argparse
import enum
import math
import types
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from trackside.errors import NotLoggable
from trackside.tracking.values import fields_of, loggable, plain, restore_floats, spell_floats


class Colour(enum.Enum):
    RED = "red"
    TWO = 2


class OfAnotherLibrary:
    """A scalar as torch, jax and others make them: no number by type, but with one element."""

    def __init__(self, value: object, shape: tuple[int, ...] = ()) -> None:
        self._value = value
        self.shape = shape

    def item(self) -> object:
        return self._value


class Tensorlike:
    shape = ()

    def __float__(self) -> float:
        return 2.5


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (1, 1), (True, True), (None, None), (0.5, 0.5), ("good", "good"), (2**70, 2**70),
        (math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity"),
        (np.float64(0.5), 0.5), (np.float32(0.5), 0.5), (np.float16(0.5), 0.5), (np.float64("nan"), "NaN"),
        (np.int64(3), 3), (np.uint8(3), 3), (np.bool_(True), True), (np.array(1.5), 1.5), (np.array([[7]]), 7),
        (np.str_("good"), "good"), (Colour.RED, "red"), (Colour.TWO, 2), (Decimal("0.5"), 0.5), (Fraction(1, 4), 0.25),
        (OfAnotherLibrary(0.5), 0.5), (OfAnotherLibrary(math.nan), "NaN"), (OfAnotherLibrary(4, (1, 1)), 4),
        (Tensorlike(), 2.5),
    ],
)  # fmt: skip
def test_a_value_is_kept_as_plain_json(value: object, kept: object) -> None:
    found = loggable({"key": value})["key"]
    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize(
    "value",
    [
        [1], (1,), {1}, object(), b"x", 1j, np.array([1.0, 2.0]), np.zeros((0,)), np.array(1j), lambda: 1, float,
        OfAnotherLibrary(object()), np.datetime64("2026-11-22"), Path("x"),
    ],
)  # fmt: skip
def test_what_cannot_be_logged_is_a_type_error_naming_the_key(value: object) -> None:
    with pytest.raises(TypeError, match="deep/key") as caught:
        loggable({"fine": 1, "deep": {"key": value}})
    assert isinstance(caught.value, NotLoggable)


@pytest.mark.parametrize("metrics", [[("a", 1)], 3, None, "loss", np.zeros(2)])
def test_metrics_that_are_no_dict_are_refused(metrics: object) -> None:
    with pytest.raises(NotLoggable, match="dict"):
        loggable(metrics)


def test_an_error_names_the_type_of_what_cannot_be_logged() -> None:
    with pytest.raises(NotLoggable, match=r"A value of type int cannot be logged\. Log a dict"):
        loggable(3)
    with pytest.raises(NotLoggable, match=r"'a': a value of type set cannot be logged"):
        loggable({"a": {1}})


def test_nested_dicts_become_names_with_slashes() -> None:
    assert loggable({"train": {"loss": 1, "top": {"5": 2}}, "x": 3, "empty": {}}) == {
        "train/loss": 1,
        "train/top/5": 2,
        "x": 3,
    }


@pytest.mark.parametrize(
    "metrics", [{"_idx": 1}, {"_timestamp": 1}, {None: 1}, {"a": {(): 1}}, {"a/b": 1, "a": {"b": 2}}]
)
def test_a_key_that_is_ours_no_text_or_there_twice_is_refused(metrics: dict[object, object]) -> None:
    with pytest.raises(NotLoggable, match=r"key '?(_idx|_timestamp|None|a/\(\)|a/b)"):
        loggable(metrics)


def test_a_long_text_is_cut() -> None:
    found = loggable({"text": "x" * 5000})["text"]
    assert isinstance(found, str)
    assert len(found) == 1024
    assert found.endswith("…")


def test_floats_survive_being_spelt_at_any_depth() -> None:
    value = {"a": [math.inf, {"b": -math.inf}], "c": 1.5, "d": "NaN", "e": (math.nan,)}
    spelt = spell_floats(value)
    assert spelt == {"a": ["Infinity", {"b": "-Infinity"}], "c": 1.5, "d": "NaN", "e": ["NaN"]}
    back = restore_floats(spelt)
    assert isinstance(back, dict)
    assert back["a"] == [math.inf, {"b": -math.inf}]
    assert math.isnan(back["e"][0])


@dataclass
class Settings:
    lr: float
    where: Path


class Model:
    def model_dump(self) -> dict[str, object]:
        return {"lr": 0.1}


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        ({"lr": 0.1}, {"lr": 0.1}),
        (types.MappingProxyType({"lr": 0.1}), {"lr": 0.1}),
        (argparse.Namespace(lr=0.1), {"lr": 0.1}),
        (types.SimpleNamespace(lr=0.1), {"lr": 0.1}),
        (Settings(0.1, Path("data")), {"lr": 0.1, "where": Path("data")}),
        (Model(), {"lr": 0.1}),
        (Settings, None),
        (3, None),
        ([1], None),
    ],
)
def test_a_configuration_is_whatever_has_named_fields(config: object, fields: object) -> None:
    assert fields_of(config) == fields


def test_everything_in_a_configuration_gets_a_plain_form() -> None:
    config = {
        "path": Path("data"),
        "shape": np.zeros((2,)),
        "number": np.float32(0.5),
        "deep": {"settings": Settings(math.inf, Path("x")), 3: {1}},
        "layer": dict,
        "activation": len,
        "colour": Colour.RED,
        "long": "x" * 5000,
        "object": Fraction(1, 2),
    }
    assert plain(config) == {
        "path": "data",
        "shape": [0.0, 0.0],
        "number": 0.5,
        "deep": {"settings": {"lr": "Infinity", "where": "x"}, "3": [1]},
        "layer": "builtins.dict",
        "activation": "builtins.len",
        "colour": "red",
        "long": "x" * 5000,
        "object": 0.5,
    }
