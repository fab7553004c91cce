import json
import math

import numpy as np
import pytest

from trackside.errors import NotLoggable
from trackside.tracking.media.histogram import histogram

VALUES = [0.0, 0.1, 0.1, 0.5, 0.9, 1.0]


@pytest.mark.parametrize("bins", [1, 4, 64])
def test_numbers_are_counted_as_numpy_counts_them(bins: int) -> None:
    values = np.random.default_rng(1).normal(size=(50, 40)).astype(np.float32)
    counts, edges = np.histogram(values.astype(float), bins)
    for given in (values, values.tolist(), list(values)):
        made = histogram("a", given, bins)
        assert made.facts["counts"] == counts.tolist()
        assert json.loads(made.data)["edges"] == pytest.approx(edges.tolist())
        assert (made.facts["low"], made.facts["high"]) == (edges[0], edges[-1])
        assert made.facts["mean"] == pytest.approx(values.mean(), abs=1e-6)
        assert made.facts["std"] == pytest.approx(values.std(), abs=1e-6)
        assert "edges" not in made.facts, "even edges are told by the first and the last"


@pytest.mark.parametrize("array", [False, True])
def test_nan_and_infinities_are_counted_apart(array: bool) -> None:
    values = [*VALUES, math.nan, math.nan, math.inf]
    facts = histogram("a", np.array(values) if array else values, 4).facts
    assert (facts["nan"], facts["infinite"], facts["count"]) == (2, 1, 6)
    assert facts["counts"] == [3, 0, 1, 2]
    nothing = histogram("a", np.array([math.nan]) if array else [math.nan]).facts
    assert (nothing["nan"], nothing["count"], nothing["counts"], nothing["bins"]) == (1, 0, [], 0)


@pytest.mark.parametrize("array", [False, True])
@pytest.mark.parametrize("value", [0.0, 3.0, -1e30, 1e-300])
def test_a_single_value_has_bins_around_it(value: float, array: bool) -> None:
    facts = histogram("a", np.array([value] * 5) if array else [value] * 5, 4).facts
    assert sum(facts["counts"]) == 5  # type: ignore[arg-type]  # numbers
    assert facts["low"] < value < facts["high"]  # type: ignore[operator]  # numbers


def test_counts_with_edges_stay_what_they_are() -> None:
    made = histogram("a", (np.array([1, 5]), np.array([0.0, 1.0, 10.0])))
    assert made.facts == {"bins": 2, "counts": [1, 5], "low": 0.0, "high": 10.0, "edges": [0.0, 1.0, 10.0], "count": 6}
    assert json.loads(made.data)["edges"] == [0.0, 1.0, 10.0]


@pytest.mark.parametrize(
    ("values", "bins"),
    [("text", 4), (3, 4), ([1, "x"], 4), ([1], 0), ([1], 513), (([1, 2], [0, 2, 1]), 4), (([1], [0, math.nan]), 4)],
)
def test_what_has_no_distribution_is_refused_with_its_key(values: object, bins: int) -> None:
    with pytest.raises(NotLoggable, match="'weights'"):
        histogram("weights", values, bins)


@pytest.mark.parametrize("array", [False, True])
def test_numbers_at_the_ends_of_all_floats_are_counted(array: bool) -> None:
    values = [-1.7e308, -1e308, 1e308, 1.7e308]
    facts = histogram("h", np.array(values) if array else values, 4).facts
    assert facts["counts"] == [2, 0, 0, 2]
    assert (facts["low"], facts["high"], facts["mean"]) == (-1.7e308, 1.7e308, 0)
    assert facts["std"] == pytest.approx(1.3946e308, rel=1e-4)
    alone = histogram("h", np.array([1.79e308]) if array else [1.79e308], 2).facts
    assert sum(alone["counts"]) == 1  # type: ignore[arg-type]  # numbers
    assert math.isfinite(alone["high"])  # type: ignore[arg-type]  # a number


def test_whole_numbers_beyond_all_floats_count_as_infinite() -> None:
    facts = histogram("h", [1, 10**400, -(10**400)], 1).facts
    assert (facts["count"], facts["infinite"]) == (1, 2)
    with pytest.raises(NotLoggable, match="'h'"):
        histogram("h", np.array([10**400], dtype=object), 1)
