"""The picture that stays in the notebook is small, readable on any page, and made only when there is a curve."""

import io
import math
import random

from matplotlib.image import imread

from trackside.display.picture import MAX_BYTES, Curve, draw, smooth


def pixels(png):
    return imread(io.BytesIO(png))


def test_there_is_no_picture_without_a_point():
    assert draw("job", {}) is None
    assert draw("job", {"loss": [Curve("a", [], [])]}) is None
    assert draw("job", {"loss": [Curve("a", [0, 1], [math.nan, math.inf])]}) is None


def test_the_background_is_transparent_and_the_ink_is_neither_black_nor_white():
    image = pixels(draw("job · completed", {"loss": [Curve("a", [0, 1, 2], [3.0, 2.0, 1.0])]}, note="09:30"))
    assert image[0, 0, 3] == 0, "the page shows through"
    ink = image[image[..., 3] == 1.0][:, :3]
    brightness = ink.mean(axis=1)
    assert len(ink) > 100
    assert brightness.min() > 0.2
    assert brightness.max() < 0.8


def test_a_curve_with_one_point_is_seen():
    one = pixels(draw("job", {"loss": [Curve("a", [5], [1.0])]}))
    none = pixels(draw("job", {"loss": [Curve("a", [5], [1.0], colour=1)]}))
    assert (one != none).any(), "the colour of the one point makes a difference"


def test_a_picture_that_would_be_too_large_is_drawn_smaller(monkeypatch):
    noise = random.Random(1)
    curve = Curve("run", list(range(600)), [noise.random() for _ in range(600)])
    large = draw("job", {"loss": [curve]})
    assert len(large) < MAX_BYTES
    monkeypatch.setattr("trackside.display.picture.MAX_BYTES", len(large))
    small = draw("job", {"loss": [curve]})
    assert len(small) < len(large)
    assert pixels(small).shape[1] < pixels(large).shape[1]


def test_names_with_dollar_signs_are_drawn_as_they_are():
    assert (
        draw("$x_{", {"loss_$a": [Curve("$b", [0, 1], [1, 2]), Curve("c$", [0, 1], [2, 3], 1)]}, note="$") is not None
    )


def test_a_long_title_ends_before_the_edge_and_says_so():
    """A failed job's title holds the message of its exception; the last columns of the picture stay empty."""
    title = "job · failed · " + "IndexError: index 600 is out of bounds " * 4
    for charts in (1, 3):
        curves = {f"loss {number}": [Curve("run", [0, 1], [0.0, 1.0])] for number in range(charts)}
        head = pixels(draw(title, curves))[:25, :, 3]
        assert (head[:, :-40] > 0).any()
        assert not (head[:, -3:] > 0).any()


def test_smoothing_starts_at_the_first_value_and_keeps_gaps():
    assert smooth([1.0, 1.0, 1.0], 0.9) == [1.0, 1.0, 1.0]
    assert smooth([1.0, 3.0], 0.0) == [1.0, 3.0]
    first, gap, last = smooth([4.0, math.nan, 2.0], 0.5)
    assert first == 4.0
    assert math.isnan(gap)
    assert 2.0 < last < 4.0
