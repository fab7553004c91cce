"""A comparison as text, as HTML and as DataFrames."""

import math

import pytest

from trackside.display.comparing import Compared, comparison_text
from trackside.errors import NotFound
from trackside.models import Comparison, ConfigRow, Curve, MetricRow, RunInfo, SourceDiff


def run(number, name):
    return RunInfo(id=f"job-{number}", uuid="u", home_id="h", name=name, status="completed", run_dir="/r")


@pytest.fixture
def comparison():
    return Comparison(
        [run(1, "base"), run(2, "job-2")],
        [ConfigRow("lr", [0.1, None], True), ConfigRow("seed", [1, 1], False)],
        [MetricRow("loss", [0.25, "NaN"], [0.2, None], [1.0, None])],
        [ConfigRow("package numpy", ["1.26", "2.0"], True), ConfigRow("host", ["a", "a"], False)],
        [SourceDiff("job-2", "cell.py", "--- cell.py\n+++ cell.py\n@@ -1 +1 @@\n-a<b\n+b", True)],
        "step",
        [Curve("loss", [0.0, 1.0], [[1.0, 0.25], [None, None]])],
    )


def test_the_text_has_what_differs_and_of_the_diffs_their_beginning(comparison):
    text = comparison_text(comparison, lines=2)
    assert "base · job-1" in text
    assert [line.split() for line in text.splitlines() if line.startswith(("lr", "loss min", "package"))] == [
        ["lr", "0.1", "–"], ["loss", "min", "0.2"], ["package", "numpy", "1.26", "2.0"],
    ]  # fmt: skip
    assert "seed" not in text
    assert text.endswith("cell.py: job-1 → job-2\n--- cell.py\n+++ cell.py\n… 3 more lines")


def test_the_best_of_several_has_a_star_where_the_name_says_which_is_better(comparison):
    rows = [MetricRow("loss", [0.3, 0.2], [0.25, 0.2], [1.0, 0.9]), MetricRow("depth", [1, 2], [1, 2], [1, 2])]
    text = comparison_text(Comparison(comparison.runs, [], rows, []))
    [starred] = [line.split() for line in text.splitlines() if "★" in line]
    assert starred == ["loss", "min", "0.25", "0.2", "★"]


def test_of_runs_that_are_the_same_it_says_so(comparison):
    same = Comparison(comparison.runs, comparison.config[1:], [], comparison.environment[1:])
    assert comparison_text(same).endswith("The same in all: settings, surroundings, source.")


def test_of_runs_whose_source_nobody_kept_it_says_that_and_not_that_it_is_the_same(comparison):
    same = Comparison(comparison.runs, comparison.config[1:], [], no_source=["job-1", "job-2"])
    assert comparison_text(same).endswith("The same in all: settings.\n\nNo source was kept of job-1, job-2.")
    assert "No source was kept of job-1, job-2." in Compared(same)._repr_mimebundle_()["text/html"]


def test_the_page_shows_diffs_as_text_and_never_as_markup(comparison):
    page = Compared(comparison)._repr_mimebundle_()["text/html"]
    assert '<span style="color:#e53935">-a&lt;b</span>' in page
    assert "<details>" in page


def test_data_has_a_row_per_key_and_curves_lie_over_the_axis(comparison):
    compared = Compared(comparison)
    assert compared.data.loc["config.lr", "job-1"] == 0.1
    assert math.isnan(compared.data.loc["loss.last", "job-2"])
    assert compared.data.loc["environment.package numpy"].tolist() == ["1.26", "2.0"]
    curves = compared.curves("loss")
    assert (curves.index.name, curves["job-1"].tolist(), curves["job-2"].isna().all()) == ("step", [1.0, 0.25], True)
    with pytest.raises(NotFound, match="'loss'"):
        compared.curves("los")
