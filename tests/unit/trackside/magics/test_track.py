"""``%track`` shows curves of the runs and metrics that were asked for."""

import re

import pytest

from trackside.errors import InvalidInput, NotFound


@pytest.fixture
def measured(notebook):
    for name in ("baseline", "wide"):
        notebook(f"%submit -n {name} --quiet -- true")
    notebook.server.log_metric("job-1", "loss", [3.0, 2.0, 1.0])
    notebook.server.log_metric("job-1", "acc", [0.1, 0.2])
    notebook.server.log_metric("job-2", "loss", [5.0, 4.0])
    return notebook


def said(capsys):
    return re.sub(r"^Out\[\d+\]:\s*", "", capsys.readouterr().out).strip()


def table(capsys):
    return [line.split() for line in said(capsys).splitlines()]


def test_the_last_job_is_shown_when_no_run_is_named(measured, capsys):
    measured("%track")
    shown = table(capsys)
    assert [row[0] for row in shown] == ["run", "wide"]
    assert shown[1][-4:] == ["loss", "4", "4", "5"]


def test_named_runs_and_metrics_are_shown(measured, capsys):
    measured("%track loss --run baseline 2")
    assert [row[0] for row in table(capsys)] == ["run", "baseline", "wide"]
    measured("%track loss,acc --run baseline,baseline")
    assert [row[-4] for row in table(capsys)] == ["metric", "loss", "acc"]


def test_a_run_that_logged_nothing_says_so(notebook, capsys):
    notebook("%submit -n new --quiet -- true")
    notebook("%track")
    assert said(capsys) == "new: pending, nothing logged yet"
    notebook("%track loss")
    assert "nothing logged yet" in capsys.readouterr().out, "it may log it yet"


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("%track los", InvalidInput, "No run here logged 'los'. Did you mean 'loss'?"),
        ("%track zzz --run baseline wide", InvalidInput, "Logged: acc, loss."),
        ("%track --smooth 2", InvalidInput, "--smooth: '2' is not a number from 0 up to 1"),
        ("%track --last x", InvalidInput, "--last: 'x' is not a whole number"),
        ("%track --run nobody", NotFound, "There is no run 'nobody'"),
        ("%track --statc", InvalidInput, "Did you mean --static?"),
        ("%%track x\n1", InvalidInput, "%%track takes options only"),
    ],
)
def test_what_cannot_be_shown_is_refused(measured, line, error, message):
    measured("%submit -n baseline2 --quiet -- true")
    measured.server.log_metric("job-3", "loss", [1.0])
    with pytest.raises(error) as caught:
        measured(line)
    assert message in str(caught.value)


def test_without_any_run_it_says_what_to_do(notebook):
    with pytest.raises(NotFound, match="There are no runs yet"):
        notebook("%track")


def test_the_value_has_the_table_and_the_curves_as_frames(measured):
    tracked = measured.shell.run_line_magic("track", "--run baseline wide")
    data = tracked.data
    assert list(data.index) == ["job-1", "job-2"]
    assert list(data["loss.min"]) == [1.0, 4.0]
    assert list(data["best"]) == [True, False]
    assert data.loc["job-1", "acc.max"] == 0.2
    curves = tracked.curves("loss")
    assert list(curves.columns) == ["job-1", "job-2"]
    assert list(curves["job-1"]) == [3.0, 2.0, 1.0]
    with pytest.raises(NotFound, match="Did you mean 'loss'"):
        tracked.curves("los")
    measured.server.log_metric("job-2", "loss", [0.5])
    assert list(tracked.data["best"]) == [False, True], "it is read anew"


def test_the_best_is_the_one_that_the_panel_stars(measured):
    measured.server.log_metric("job-2", "acc", [0.9])
    assert list(measured.shell.run_line_magic("track", "--run baseline wide").data["best"]) == [True, False]
    assert list(measured.shell.run_line_magic("track", "acc loss --run baseline wide").data["best"]) == [False, True]
