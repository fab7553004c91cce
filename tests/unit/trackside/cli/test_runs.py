"""A query on the command line."""

from types import SimpleNamespace

import pytest

from trackside.cli import main
from trackside.cli.program import parser
from trackside.cli.runs import query_of
from trackside.cli.terminal import Terminal
from trackside.models import RunPage


@pytest.mark.parametrize(
    ("words", "query"),
    [
        (["tag:x loss<1 -'a b'"], "tag:x loss<1 -'a b'"),
        (["tag:x", "name:my run", "-config.model=res net", "a b"], 'tag:x name:"my run" -config.model="res net" "a b"'),
        (["x", 'name:"my run"'], 'x name:"my run"'),
        ([], ""),
    ],
)
def test_words_of_a_command_line_are_words_of_the_query(words, query):
    assert query_of(words) == query


def test_all_verbs_are_in_the_help_in_their_place():
    assert "compare" in parser().format_help()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("tag:a lr<0.1", "No such run. No run has a metric 'lr'; did you mean config.lr?"),
        ("since=7d -acc >= 0.9", "No such run. No run has a metric 'acc'; did you mean summary.acc?"),
        ("loss<0.1 config.lr<0.1 name:lr=3", "No such run."),
    ],
)
def test_where_a_setting_was_meant_and_no_run_has_such_a_metric_it_says_so(query, said, monkeypatch, capsys):
    there = {"config.lr!=~", "summary.acc!=~", "loss!=nan"}
    listed = SimpleNamespace(list=lambda query, **_: RunPage([object()] if query in there else []))
    monkeypatch.setattr(Terminal, "client", SimpleNamespace(runs=listed))
    monkeypatch.setattr(Terminal, "close", lambda self: None)
    assert main(["runs", query]) == 0
    assert capsys.readouterr().out == f"{said}\n"
