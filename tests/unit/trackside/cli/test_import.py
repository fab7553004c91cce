"""``trackside import``: what it says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trackside.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKSIDE_HOME", str(tmp_path / "home"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here" / "log.csv").write_text("step,loss\n0,0.5\n1\n2,nan\n")
    return tmp_path / "here"


def test_each_run_is_told_with_what_it_holds(capsys):
    assert main(["import", "csv", "log.csv", "--name", "base", "--tag", "a", "--tag", "b"]) == 0
    said = capsys.readouterr()
    run_id, name, counts = said.out.strip().split("  ")
    assert (name, counts) == ("base", "2 records")
    assert "note: 1 row was left out: line 3 has 1 cell, not 2." in said.err
    assert main(["import", "csv", "log.csv"]) == 0
    assert capsys.readouterr().out == f"already imported as {run_id} (base); --again brings a copy\n"


def test_json_tells_all_of_it_also_when_one_cannot_be_read(folder, capsys):
    (folder / "bad.csv").touch()
    assert main(["--json", "import", "csv", "bad.csv", "log.csv"]) == 3
    answer = json.loads(capsys.readouterr().out)
    (brought,) = answer["data"]["imported"]
    assert (brought["records"], brought["existing"], brought["source"]) == (2, False, str(folder / "log.csv"))
    assert Path(brought["run_dir"], "metrics.jsonl").exists()
    (failed,) = answer["data"]["failed"]
    assert failed["error"] == answer["error"]
    assert "no line of column names" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("made", "word", "guessed"),
    [("wandb/offline-run-1/run-1.wandb", "wandb", "wandb-offline"), ("mlruns/0/meta.yaml", "mlruns", "mlflow"),
     ("logs/a/events.out.tfevents.1", "logs", "tensorboard"), (".whirr/runs/local-1/meta.json", ".", "whirr"),
     ("x.csv", "x.csv", "csv"), ("run-1.wandb", "run-1.wandb", "wandb-offline"), ("mlflow.db", "mlflow.db", "mlflow")],
)  # fmt: skip
def test_where_the_kind_was_forgotten_the_path_says_it(folder, capsys, made, word, guessed):
    (folder / made).parent.mkdir(parents=True, exist_ok=True)
    (folder / made).touch()
    assert main(["import", word]) == 3
    assert f"Write `trackside import {guessed} {word}`." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [(["tensorbord", "x"], 3, "Did you mean 'tensorboard'?"), (["wandb", "."], 3, "Did you mean 'wandb-offline'?"),
     (["csv"], 3, "Write `trackside import csv PATH`."),
     (["csv", "absent"], 4, "There is no"), (["mlflow", "x", "--step-column", "a"], 3, "is for csv, not for mlflow"),
     (["csv", "log.csv", "--tags", "a"], 2, "Did you mean '--tag'")],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_way_out(capsys, words, code, said):
    assert main(["import", *words]) == code
    assert said in capsys.readouterr().err


def test_a_folder_that_is_called_like_the_kind_is_not_taken_for_the_path(folder, capsys):
    (folder / "wandb").mkdir()
    assert main(["import", "wandb", "wandb"]) == 3
    assert "Did you mean 'wandb-offline'?" in capsys.readouterr().err


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit):
        main(["import", "--help"])
    assert "trackside import tensorboard runs/" in capsys.readouterr().out
