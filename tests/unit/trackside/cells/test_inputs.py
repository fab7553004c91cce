"""Carried values inside the job."""

import json

import pytest

from trackside.cells.carry import plan_carry
from trackside.cells.inputs import load_carried
from trackside.cells.manifest import Manifest
from trackside.errors import InvalidInput, NotCarried


def changed(folder, **fields):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_job_without_inputs_loads_nothing(tmp_path):
    assert load_carried(tmp_path / "inputs", {}) == (Manifest(), {})


def test_a_value_that_cannot_be_loaded_is_named(tmp_path):
    plan_carry("a; b", {"a": 1, "b": [2]}).write(tmp_path)
    stream = (tmp_path / "carry.pkl").read_bytes()
    (tmp_path / "carry.pkl").write_bytes(stream[:-2])
    namespace = {}
    with pytest.raises(NotCarried, match=r"^'b' was carried, but cannot be loaded here"):
        load_carried(tmp_path, namespace)
    assert namespace["a"] == 1


def test_code_of_another_python_is_refused_in_a_sentence(tmp_path):
    namespace = {"__name__": "__main__"}
    exec("def f(): pass", namespace)
    plan_carry("f()", namespace).write(tmp_path)
    changed(tmp_path, python="3.99")
    with pytest.raises(NotCarried, match=r"Functions were carried from Python 3\.99"):
        load_carried(tmp_path, {})


def test_values_without_code_may_come_from_another_python(tmp_path):
    plan_carry("a", {"a": 1}).write(tmp_path)
    changed(tmp_path, python="3.99")
    namespace = {}
    load_carried(tmp_path, namespace)
    assert namespace == {"a": 1}


def test_a_manifest_of_another_version_is_refused(tmp_path):
    plan_carry("a", {"a": 1}).write(tmp_path)
    changed(tmp_path, format=99)
    with pytest.raises(InvalidInput, match="another version of Trackside"):
        load_carried(tmp_path, {})


def test_a_damaged_manifest_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(InvalidInput, match="damaged"):
        load_carried(tmp_path, {})


def test_a_manifest_is_read_as_it_was_written(tmp_path):
    written = plan_carry("a; j", {"a": b"x" * 100_000, "j": json}).write(tmp_path)
    assert Manifest.read(tmp_path) == written
