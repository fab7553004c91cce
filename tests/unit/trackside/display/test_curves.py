"""Curves come from the server's series, one per run and metric."""

import math

from trackside.display.curves import curves_of, last_values
from trackside.models import Metrics, Series

A = Metrics(
    "a", "step", {"loss": Series([0, 1, 2], [3.0, None, 1.0], 3, 1.0, 1.0, 3.0), "acc": Series([0], [0.5], 1)}, 9
)
B = Metrics("b", "step", {"loss": Series([0, 1], [2.0, 1.0], 2)}, 9)


def test_each_run_keeps_its_colour_over_all_charts():
    charts = curves_of([("a", A), ("b", B)])
    assert [(curve.label, curve.colour) for curve in charts["loss"]] == [("a", 0), ("b", 1)]
    assert [curve.label for curve in charts["acc"]] == ["a"]


def test_what_is_no_number_is_a_gap():
    y = curves_of([("a", A)])["loss"][0].y
    assert y[0] == 3.0
    assert math.isnan(y[1])


def test_only_the_metrics_and_points_asked_for_are_drawn():
    charts = curves_of([("a", A)], ["loss"], last=2)
    assert list(charts) == ["loss"]
    assert charts["loss"][0].x == [1, 2]


def test_last_values_follow_the_curves():
    assert last_values(A, ["loss"]) == [("loss", 1.0, 1.0, 3.0)]
