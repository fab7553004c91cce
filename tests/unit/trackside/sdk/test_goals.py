"""Names of metrics say which way is better; the same names as in the browser."""

import math
import re
from pathlib import Path

import pytest

from trackside.sdk import goals
from trackside.sdk.goals import best, goal


@pytest.mark.parametrize(
    ("key", "towards"),
    [
        ("loss", "min"),
        ("train/loss", "min"),
        ("val_rmse", "min"),
        ("Accuracy", "max"),
        ("eval/f1", "max"),
        ("glossary", None),
        ("lr", None),
        ("loss_acc", "min"),
    ],
)
def test_the_name_says_which_way_is_better(key, towards):
    assert goal(key) == towards


def test_the_browser_knows_the_same_names():
    source = (Path(__file__).parents[4] / "labextension/src/model/groups.ts").read_text()
    less, more = re.search(r"LESS =\s*/(.*)/i", source)[1], re.search(r"MORE =\s*/(.*)/i", source)[1]
    assert f"({goals._LESS})" in less
    assert f"({goals._MORE})" in more


def test_the_best_is_the_first_of_the_finite_ones():
    assert best([None, 2.0, math.nan, 1.0, 1.0], "min") == 3
    assert best([1.0, 3.0, 3.0, math.inf], "max") == 1
    assert best([None, math.nan], "max") is None
