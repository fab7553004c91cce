"""``trackside export``: what it says, where it writes, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import trackside
from trackside.cli import main
from trackside.cli.terminal import Terminal
from trackside.tracking import current


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trackside.Run:
    monkeypatch.setenv("TRACKSIDE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(current, "_last", None)  # as it was before, once the test is done
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    run = trackside.init("base", system_metrics=False, capture_git=False, capture_pip=False)
    run.log({"loss": 0.5}, step=0)
    run.finish()
    return run


def test_it_says_where_it_wrote_and_needs_no_server(run, capsys):
    assert main(["export", "csv", "base"]) == 0
    assert capsys.readouterr().out == f"{run.run_id}.csv: 1 record\n"
    assert main(["export", "csv", "base"]) == 1
    assert "exists. --force replaces it" in capsys.readouterr().err
    assert main(["--json", "export", "csv", "base", "--force"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["data"]["files"]
    assert told == {"path": str(Path.cwd() / f"{run.run_id}.csv"), "runs": [run.run_id], "records": 1, "notes": []}


def test_a_dash_is_the_standard_output_alone(run, capfdbinary):
    assert main(["export", "csv", "base", "-o", "-"]) == 0
    said = capfdbinary.readouterr()
    assert said.out.startswith(b"_idx,_timestamp,step,loss\n0,")
    assert said.err == b""
    assert list(Path.cwd().iterdir()) == []
    assert main(["--json", "export", "csv", "base", "-o", "-"]) == 3


def test_words_with_an_operator_are_a_query_over_all_its_pages(run, monkeypatch, capsys):
    asked = []

    def listed(query, *, limit, cursor):
        asked.append((query, cursor))
        found = [SimpleNamespace(run_dir=str(run.run_dir))] if cursor else []
        return SimpleNamespace(runs=found, next=None if cursor else "more")

    monkeypatch.setattr(Terminal, "client", SimpleNamespace(runs=SimpleNamespace(list=listed)))
    monkeypatch.setattr(Terminal, "close", lambda self: None)
    assert main(["export", "json", "tag:paper", "loss.min<0.3", "-o", "x"]) == 0
    assert asked == [("tag:paper loss.min<0.3", None), ("tag:paper loss.min<0.3", "more")]
    assert json.loads(Path("x").read_bytes())["runs"][0]["run_id"] == run.run_id


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [(["cvs", "base"], 3, "Did you mean 'csv'?"), (["csv", "bsae"], 4, "Did you mean 'base'?"),
     (["csv"], 2, "RUN|QUERY")],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_way_out(capsys, words, code, said):
    assert main(["export", *words]) == code
    assert said in capsys.readouterr().err
