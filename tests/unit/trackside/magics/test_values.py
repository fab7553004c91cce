"""Option values that name things of the notebook or the machine are found, or refused in one sentence."""

from dataclasses import dataclass

import pytest

from trackside.errors import InvalidInput
from trackside.magics.options import read_arguments
from trackside.magics.usages import SUBMIT
from trackside.magics.values import config_of, env_of, existing_file, workdir_of


def read(line):
    return read_arguments(SUBMIT, line)


@dataclass
class Params:
    lr: float = 0.1


def test_the_config_is_the_dict_of_that_name_or_the_fields_of_an_object():
    namespace = {"params": {"lr": 0.1, 2: "b"}, "fields": Params()}
    assert config_of(read("--config params"), namespace) == {"lr": 0.1, "2": "b"}
    assert config_of(read("--config fields"), namespace) == {"lr": 0.1}
    assert config_of(read(""), namespace) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("parms", "the notebook has no 'parms'. Did you mean 'params'?"),
        ("number", "'number' is a int, not a dict"),
        ("Params", "'Params' is a type, not a dict"),
    ],
)
def test_a_config_that_is_none_is_refused(name, message):
    namespace = {"params": {}, "number": 3, "Params": Params}
    with pytest.raises(InvalidInput) as caught:
        config_of(read(f"--config {name}"), namespace)
    assert message in str(caught.value)


def test_variables_are_given_or_taken_from_here(monkeypatch):
    monkeypatch.setenv("SEED", "7")
    assert env_of(read("-e A=1 -e B= -e C=x=y --env SEED")) == {"A": "1", "B": "", "C": "x=y", "SEED": "7"}
    assert env_of(read("")) is None


@pytest.mark.parametrize(("text", "message"), [("=1", "is not K=V"), ("NOT_SET_HERE", "has no value here")])
def test_a_variable_that_cannot_be_is_refused(text, message):
    with pytest.raises(InvalidInput, match=message):
        env_of(read(f"-e {text}"))


def test_the_folder_is_absolute_and_exists(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    assert workdir_of(read("--workdir a")) == str(tmp_path / "a")
    with pytest.raises(InvalidInput, match="there is no folder"):
        workdir_of(read("--workdir b"))


def test_a_missing_file_lists_near_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").touch()
    assert existing_file("train.py") == tmp_path / "train.py"
    with pytest.raises(InvalidInput, match=r"There is no file 'trian.py'. Did you mean 'train.py'\?"):
        existing_file("trian.py")
    with pytest.raises(InvalidInput, match="there is no folder"):
        existing_file("nowhere/x.py")
    with pytest.raises(InvalidInput, match="is a folder"):
        existing_file(str(tmp_path))
