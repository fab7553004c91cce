"""``trackside compare``: what it is given."""

from types import SimpleNamespace

import pytest

from trackside.cli import main
from trackside.cli.terminal import Terminal
from trackside.errors import NotFound


@pytest.fixture(autouse=True)
def compared(monkeypatch):
    """The names that the server was asked to compare; it knows 41 and no other."""
    asked = []

    def compare(names, *, max_points):
        asked.extend(names)
        missing = next(name for name in names if name != "41")
        raise NotFound(f"There is no run {missing!r}.")

    monkeypatch.setattr(Terminal, "client", SimpleNamespace(runs=SimpleNamespace(compare=compare)))
    monkeypatch.setattr(Terminal, "close", lambda self: None)
    return asked


@pytest.mark.parametrize("words", [["tag:paper"], ["41", "loss<0.3"]])
def test_a_query_is_refused_as_such(words, capsys):
    assert main(["compare", *words]) != 0
    said = capsys.readouterr().err
    assert f"takes runs, not a query such as {words[-1]!r}. `trackside runs '{words[-1]}'`" in said


def test_one_run_is_not_compared_with_itself(compared, capsys):
    assert main(["compare", "41"]) != 0
    assert "needs at least two runs. Name at least two: trackside compare 41 42." in capsys.readouterr().err
    assert compared == []


def test_names_are_taken_with_commas_and_one_that_is_none_is_named_as_before(compared, capsys):
    assert main(["compare", "41,lr=1", "bse"]) != 0
    assert compared == ["41", "lr=1", "bse"]
    assert main(["compare", "41", "bse", "lr=1"]) != 0
    assert "There is no run 'bse'" in capsys.readouterr().err
