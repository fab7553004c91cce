"""Staging folders: whole or not there."""

import errno
import re
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pytest

from trackside.cells.carry import plan_carry
from trackside.cells.inputs import load_carried
from trackside.cells.staging import drop, stage, stage_call
from trackside.errors import InvalidInput, NotCarried, TryAgain


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def called(staged, monkeypatch):
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    _, call = load_carried(staged.folder, vars(module))
    return call["function"](*call["args"], **call["kwargs"])


def defined(source):
    namespace = {"__name__": "__main__"}
    exec(source, namespace)
    return namespace


def test_a_plan_is_staged_in_a_private_folder_whose_name_is_its_id(home):
    staged = stage(plan_carry("a", {"a": 1}), home=home)
    assert re.fullmatch(r"[a-z0-9-]{8,64}", staged.id)
    assert staged.folder == home / "staging" / staged.id
    assert oct(staged.folder.stat().st_mode & 0o777) == "0o700"
    assert {oct(path.stat().st_mode & 0o777) for path in staged.folder.iterdir()} == {"0o600"}
    assert sorted(path.name for path in staged.folder.iterdir()) == ["carry.pkl", "manifest.json"]


def test_a_plan_that_carries_nothing_needs_no_folder(home):
    assert stage(plan_carry("print(1)", {}), home=home) is None
    assert not home.exists()


def test_a_plan_of_modules_only_has_a_manifest(home):
    assert stage(plan_carry("m", {"m": np}), home=home).manifest.entries[0].module == "numpy"


def test_the_home_is_the_environments_unless_given(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKSIDE_HOME", str(tmp_path / "other"))
    assert stage(plan_carry("a", {"a": 1})).folder.parent == tmp_path / "other" / "staging"


def test_a_full_disk_leaves_nothing_half_made(home, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("trackside.cells.packing.write_buffers", full)
    with pytest.raises(TryAgain, match=r"No space left on device.*TRACKSIDE_HOME"):
        stage(plan_carry("a", {"a": np.ones(100_000)}), home=home)
    assert list((home / "staging").iterdir()) == []


def test_a_home_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises((InvalidInput, TryAgain), match="file"):
        stage(plan_carry("a", {"a": 1}), home=tmp_path / "file" / "home")


def test_dropping_twice_is_no_error(home):
    staged = stage(plan_carry("a", {"a": 1}), home=home)
    drop(staged)
    drop(staged)
    assert not staged.folder.exists()


def test_a_call_brings_function_arguments_and_globals(home, monkeypatch):
    namespace = defined("import math\nk = 2\ndef g(x): return x * k\ndef f(x, *, y): return g(x) + y + math.floor(1.5)")
    staged = stage_call(namespace["f"], (10,), {"y": 3}, home=home)
    assert {entry.name for entry in staged.manifest.entries if entry.into == "namespace"} == {"f", "g", "k", "math"}
    assert called(staged, monkeypatch) == 24


def test_a_call_of_a_library_function_carries_no_code(home, monkeypatch):
    staged = stage_call(Path.with_suffix, (Path("a"), ".b"), home=home)
    assert not staged.manifest.code
    assert called(staged, monkeypatch) == Path("a.b")


def test_an_object_in_two_arguments_is_one_object(home, monkeypatch):
    namespace = defined("def same(a, b, *, c): return a is b is c")
    shared = [1]
    assert called(stage_call(namespace["same"], (shared, shared), {"c": shared}, home=home), monkeypatch)


def test_lambdas_closures_and_decorated_functions_are_called_as_they_are(home, monkeypatch):
    namespace = defined(
        "import functools\nseen = []\n"
        "def twice(f):\n"
        "    @functools.wraps(f)\n"
        "    def inner(*a): return 2 * f(*a)\n"
        "    return inner\n"
        "@twice\ndef f(x): return x + step\nstep = 1"
    )
    assert called(stage_call(namespace["f"], (1,), home=home), monkeypatch) == 4
    assert called(stage_call(lambda x, n=5: x + n, (1,), home=home), monkeypatch) == 6


def test_an_argument_that_cannot_travel_is_named_with_its_path(home):
    with pytest.raises(NotCarried, match=r"args\[0\]\['lock'\]"):
        stage_call(print, ({"lock": threading.Lock()},), home=home)
    assert not home.exists()


def test_shell_lines_in_a_function_ask_for_a_shell(home):
    namespace = defined("def f(): get_ipython().system('ls')\ndef g(): f()\ndef h(): pass")
    assert stage_call(namespace["g"], home=home).manifest.ipython
    assert not stage_call(namespace["h"], home=home).manifest.ipython
