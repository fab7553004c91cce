"""Configurations of trainers are kept in brief."""

import argparse
import math

import numpy as np

from trackside.tracking.integrations.hyperparameters import brief


def test_plain_values_stay_what_they_are() -> None:
    config = {"lr": 0.1, "layers": [1, 2], "nested": {"a": {"b": True}}, "rate": math.inf, "seed": np.int64(3)}
    assert brief(config) == {**config, "rate": "Infinity", "seed": 3}
    assert brief({"args": argparse.Namespace(lr=1)}) == {"args": {"lr": 1}}


def test_what_is_not_set_and_what_is_secret_is_left_out() -> None:
    config = {
        "a": None,
        "hub_token": "x",
        "api_key": "x",
        "deep": {"password": "x", "max_tokens": 5, "b": None},
        "token_count": 2,
    }
    assert brief(config) == {"deep": {"max_tokens": 5}, "token_count": 2}


def test_big_things_are_named_by_their_size() -> None:
    assert brief(
        {
            "text": "x" * 1000,
            "labels": {str(i): i for i in range(1000)},
            "list": list(range(1000)),
            "weights": np.ones((3, 4)),
            "deep": {"a": {"b": {"c": {"d": 1}}}},
        }
    ) == {
        "text": "x" * 199 + "…",
        "labels": "dict of 1000",
        "list": "list of 1000",
        "weights": "ndarray of shape (3, 4)",
        "deep": {"a": {"b": {"c": "dict of 1"}}},
    }
