import sys
from pathlib import Path

import pytest

from trackside.cli.program import parser
from trackside.cli.submit import fields
from trackside.errors import InvalidInput
from trackside.models import parse_submission


def read(*words, rest=None):
    return fields(parser("submit").parse_args(["submit", *words]), rest)


def test_a_command_is_what_stands_behind_two_dashes():
    given = read(rest=["python", "train.py", "--lr", "0.1"])
    assert given["command"] == ["python", "train.py", "--lr", "0.1"]
    assert "args" not in given


def test_options_travel_as_they_were_written_and_the_server_can_read_them():
    given = read(
        *[
            "-n",
            "base",
            "-g",
            "a100:2",
            "--gpu-memory",
            "16G",
            "-c",
            "0.5",
            "-m",
            "8G",
            "-t",
            "2h30m",
            "--priority",
            "3",
            "--grace",
            "5",
            "--tag",
            "a,b",
            "--tag",
            "c",
        ],
        rest=["true"],
    )
    spec = parse_submission(given).spec
    assert (spec.name, str(spec.gpus), spec.gpu_memory, spec.cpus) == ("base", "a100:2", 16 << 30, 0.5)
    assert (spec.memory, spec.time, spec.priority, spec.grace, spec.tags) == (8 << 30, 9000.0, 3, 5.0, ["a", "b", "c"])


def test_the_job_starts_where_the_terminal_is_with_what_the_terminal_has(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINE", "1")
    monkeypatch.setenv("TRACKSIDE_TOKEN", "s3cret")
    monkeypatch.setenv("JUPYTER_TOKEN", "s3cret")
    given = read(rest=["true"])
    assert given["workdir"] == str(tmp_path)
    assert given["environment"]["MINE"] == "1"
    assert "s3cret" not in str(given)


def test_a_folder_may_be_named_and_is_made_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert read("--workdir", "sub", rest=["true"])["workdir"] == str(tmp_path / "sub")


def test_a_variable_is_given_or_taken_from_here(monkeypatch):
    monkeypatch.setenv("SEED", "7")
    assert read("-e", "A=b=c", "-e", "EMPTY=", "-e", "SEED", rest=["true"])["env"] == {
        "A": "b=c",
        "EMPTY": "",
        "SEED": "7",
    }
    monkeypatch.delenv("SEED")
    with pytest.raises(InvalidInput, match="-e SEED: there is no such variable here"):
        read("-e", "SEED", rest=["true"])


@pytest.mark.parametrize(("name", "kind"), [("train.py", "script"), ("train.ipynb", "notebook")])
def test_a_file_runs_under_this_interpreter_with_the_words_behind_the_dashes(name, kind, tmp_path):
    (tmp_path / name).touch()
    given = read(str(tmp_path / name), rest=["--lr", "0.1"])
    assert given[kind] == str(tmp_path / name)
    assert (given["args"], given["python"]) == (["--lr", "0.1"], sys.executable)
    assert "command" not in given


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "What shall run?"),
        (["sleep"], "'sleep' is neither a .py, an .ipynb nor a .yaml file"),
        (["missing.py"], "missing.py is not a file"),
    ],
)
def test_what_cannot_run_is_refused_before_it_is_sent(words, said, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput) as told:
        read(*words)
    assert said in str(told.value)


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a.py").mkdir()
    with pytest.raises(InvalidInput, match="is not a file"):
        read(str(Path(tmp_path) / "a.py"))
