"""Values out of a job: written with a word for each that cannot come, loaded one by one."""

import importlib
import json
import os
import pickle
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from tests.pages import read_here

from trackside.cells.outcome import clear_outcome, write_exception, write_results
from trackside.cells.results import Results
from trackside.errors import InvalidInput, JobFailed, NotAllowed, NotFound


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "results"


def written(folder, **values):
    said = write_results(folder, values, values)
    assert said == []
    return Results(folder)


def test_values_come_back_as_they_were(folder):
    results = written(folder, model={"w": np.ones(100_000)}, history=[1, 2], word="é")
    assert results.names() == list(results) == ["model", "history", "word"]
    assert len(results) == 3
    assert "word" in results
    np.testing.assert_equal(results["model"], {"w": np.ones(100_000)})
    assert results.load("history") == [1, 2]
    assert results.get("nothing", 5) == 5


def test_the_manifest_tells_type_size_and_a_short_repr(folder):
    written(folder, a=np.zeros(100_000), text="x" * 5000)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["a"]["file"], manifest["a"]["type"]) == ("a.pkl", "ndarray")
    assert 800_000 < manifest["a"]["size"] < 801_000
    assert len(manifest["text"]["repr"]) <= 200
    assert Results(folder).describe().splitlines()[0].startswith("a  ndarray  800 kB  array([0., 0., 0.,")


def test_describing_touches_no_value(folder):
    results = written(folder, a=1, b=2)
    (folder / "a.pkl").unlink()
    assert "a  int" in results.describe()
    assert repr(results) == results.describe()
    assert results["b"] == 2
    with pytest.raises(NotFound, match="'a' is gone"):
        results.load("a")


def test_what_cannot_be_written_is_said_and_the_rest_is_written(folder):
    class Odd:
        def __repr__(self):
            raise RuntimeError

        def __reduce__(self):
            raise ValueError("not me")

    said = write_results(folder, ["lock", "odd", "gone", "fine"], {"lock": [threading.Lock()], "odd": Odd(), "fine": 1})
    assert said == [
        "'lock' does not come back: lock[0] is a lock.",
        "'odd' does not come back: it could not be written (not me).",
        "'gone' does not come back: the job bound no such name.",
    ]
    assert sorted(path.name for path in folder.iterdir()) == ["fine.pkl", "manifest.json"]
    assert Results(folder).names() == ["fine"]
    assert "'gone' does not come back" in Results(folder).describe()


def test_files_are_the_users_alone(folder):
    written(folder, a=np.ones(100_000))
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o600"}
    assert oct(folder.stat().st_mode & 0o777) == "0o700"


def test_a_later_attempt_replaces_large_data_by_small(folder):
    written(folder, a=np.ones(100_000))
    results = written(folder, a=1)
    assert not (folder / "a.bin").exists()
    assert results["a"] == 1


def test_a_name_that_was_not_asked_for_is_told_with_near_ones(folder):
    with pytest.raises(NotFound, match=r"No result is called 'modle'.*Did you mean 'model'"):
        written(folder, model=1).load("modle")
    with pytest.raises(NotFound, match="Results of this job: none"):
        Results(folder.parent / "empty").load("a")


def test_a_name_that_did_not_come_is_a_failure_of_the_job(folder):
    write_results(folder, ["gone"], {})
    with pytest.raises(JobFailed, match="bound no such name"):
        Results(folder).load("gone")


def test_a_missing_package_is_named_with_how_to_install_it(folder, tmp_path, monkeypatch):
    (tmp_path / "far_away").mkdir()
    (tmp_path / "far_away" / "__init__.py").write_text("")
    (tmp_path / "far_away" / "deep.py").write_text("class Thing: pass\n")
    with monkeypatch.context() as here:
        here.syspath_prepend(str(tmp_path))
        results = written(folder, thing=importlib.import_module("far_away.deep").Thing())
        for name in ("far_away", "far_away.deep"):
            here.delitem(sys.modules, name)
    for name in ("far_away", "far_away.deep"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(InvalidInput) as caught:
        results.load("thing")
    assert caught.value.message == "'thing' needs the package 'far_away', which this kernel does not have."
    assert caught.value.hint == "Install it with %pip install far_away, then ask again."


def test_a_value_that_cannot_be_rebuilt_here_is_named(folder):
    results = written(folder, a=[1])
    (folder / "a.pkl").write_bytes(b"\x80\x05]q")
    with pytest.raises(InvalidInput, match=r"'a' \(list\) cannot be loaded in this kernel"):
        results.load("a")


@pytest.mark.parametrize("mode", [0o777, 0o720])
def test_nothing_is_loaded_from_a_folder_that_others_can_write_to(folder, mode):
    results = written(folder, a=1)
    folder.chmod(mode)
    with pytest.raises(NotAllowed, match="not this user's alone"):
        results.load("a")


def test_nothing_is_loaded_from_somebody_elses_folder(folder, monkeypatch):
    results = written(folder, a=1)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(NotAllowed):
        results.load("a")


def test_a_manifest_cannot_name_a_file_outside(folder):
    results = written(folder, a=1)
    (folder.parent / "evil.pkl").write_bytes(pickle.dumps("evil"))
    (folder / "manifest.json").write_text(json.dumps({"a": {"file": "../evil.pkl", "type": "", "size": 1, "repr": ""}}))
    with pytest.raises(InvalidInput, match="outside its folder"):
        results.load("a")


def test_a_later_version_may_say_more_in_the_manifest(folder):
    results = written(folder, a=1)
    raw = json.loads((folder / "manifest.json").read_text())
    raw["a"]["colour"] = "red"
    (folder / "manifest.json").write_text(json.dumps(raw))
    assert results["a"] == 1


def test_an_exception_is_kept_in_words_and_as_itself(folder):
    write_exception(folder, ValueError("bad", 3), "Traceback …", value=True)
    raw = json.loads((folder / "exception.json").read_text())
    assert raw == {"type": "ValueError", "message": "('bad', 3)", "traceback": "Traceback …", "frames": []}
    error = Results(folder).exception()
    assert isinstance(error, ValueError)
    assert error.args == ("bad", 3)


def test_an_exception_of_a_package_is_called_by_its_full_name(folder):
    write_exception(folder, json.JSONDecodeError("m", "d", 0), "")
    assert json.loads((folder / "exception.json").read_text())["type"] == "json.decoder.JSONDecodeError"
    assert isinstance(Results(folder).exception(), JobFailed)


def test_without_an_exception_there_is_none(folder):
    assert written(folder, a=1).exception() is None


def test_clearing_takes_away_how_an_attempt_ended(folder):
    written(folder, a=1)
    write_exception(folder, ValueError("x"), "", value=True)
    clear_outcome(folder)
    assert Results(folder).names() == []
    assert Results(folder).exception() is None


def test_one_of_several_values_is_read_and_mapped_and_none_of_the_others(folder):
    results = written(folder, **{f"value{number}": np.full(500_000, number, dtype=float) for number in range(5)})
    results["value3"]  # what loading imports
    before = read_here()
    value = results["value3"]
    assert value.sum() == 1_500_000
    assert read_here() - before < 100_000
    mapped = {
        Path(line.split()[-1]).name for line in Path("/proc/self/maps").read_text().splitlines() if str(folder) in line
    }
    assert mapped == {"value3.bin"}
