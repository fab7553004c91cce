import sys

import pytest

from trackside.errors import NotLoggable
from trackside.tracking.media.figure import figure


def test_a_figure_of_matplotlib_its_axes_and_the_current_one_become_a_picture() -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    drawn, axes = plt.subplots(figsize=(2, 1))
    axes.plot([1, 2, 3])
    try:
        for value in (drawn, axes, None):
            made = figure("a", value)
            assert (made.kind, made.format) == ("figure", "png")
            assert made.facts["width"] > 100  # type: ignore[operator]  # a number
    finally:
        plt.close(drawn)
    with pytest.raises(NotLoggable, match="no current figure"):
        figure("a")


def test_without_matplotlib_there_is_no_current_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    with pytest.raises(NotLoggable, match="no current figure"):
        figure("a")
    assert "matplotlib.pyplot" not in sys.modules


def test_a_figure_that_knows_its_page_becomes_a_page() -> None:
    class Chart:
        def to_html(self) -> str:
            return "<p>é</p>"

    made = figure("a", Chart())
    assert (made.kind, made.format, made.data) == ("figure", "html", "<p>é</p>".encode())


def test_what_is_no_figure_is_refused_with_its_key() -> None:
    with pytest.raises(NotLoggable, match="'curve': a int is not a figure"):
        figure("curve", 3)
