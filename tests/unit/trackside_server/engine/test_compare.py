"""The parts of a comparison: surroundings, source, curves over one axis."""

import json

import pytest

from trackside.models import Series
from trackside.tracking.folder import RunFolder
from trackside_server.engine.aligned import aligned
from trackside_server.engine.environment import environment_rows
from trackside_server.engine.sources import source_diffs, without_source


@pytest.fixture
def make(tmp_path):
    def make_one(name, meta=None, requirements=None, **files):
        folder = RunFolder(tmp_path / name)
        folder.create()
        folder.meta.write_text(json.dumps(meta or {}))
        if requirements is not None:
            folder.requirements.write_text(requirements)
        folder.source.mkdir()
        for file, text in files.items():
            (folder.source / file.replace("__", ".")).write_text(text)
        return folder

    return make_one


def rows_of(*folders):
    return {row.key: (row.values, row.differs) for row in environment_rows(folders)}


def test_surroundings_are_facts_and_the_packages_that_differ(make):
    git = {"commit": "c1", "branch": "main", "dirty": False, "remote_url": None}
    gpus = [{"name": "A100"}, {"name": "A100"}, {"name": "T4"}]
    first = make("a", {"host": "h", "python": "3.11", "git_info": git}, "numpy==1.26\nPyYAML==6\nold-one==1\n")
    other = make("b", {"host": "h", "python": "3.12", "gpus": gpus, "argv": ["train.py", "a b"], "git_info": git | {"dirty": True}},
                 "numpy==2.0\npyyaml==6\nours @ git+https://x/y@abc\nnot a line\n")  # fmt: skip
    found = rows_of(first, other)
    assert found == {
        "python": (["3.11", "3.12"], True), "GPU": ([None, "2 × A100, T4"], True), "git dirty": ([False, True], True),
        "command": ([None, "train.py 'a b'"], True), "package numpy": (["1.26", "2.0"], True),
        "package old-one": (["1", None], True), "package ours": ([None, "git+https://x/y@abc"], True),
        "host": (["h", "h"], False), "git commit": (["c1", "c1"], False), "git branch": (["main", "main"], False),
    }  # fmt: skip
    assert [row[1] for row in found.values()] == sorted((row[1] for row in found.values()), reverse=True)


def test_of_a_run_without_a_list_of_packages_nothing_is_said_of_packages(make):
    (bare := make("b")).spec.write_text('{"command": ["make", "data"]}')
    assert rows_of(make("a", requirements="numpy==1\n"), bare) == {"command": ([None, "make data"], True)}


def test_source_is_compared_by_name_and_a_renamed_script_with_the_other(make):
    first = make("a", cell__py="x = 1\ny = 2\n", git__diff="+old\n")
    same, other = make("b", cell__py="x = 1\ny = 2\n", git__diff="+old\n"), make("c", train__py="x = 1\ny = 3\n")
    changed, gone = source_diffs(["a", "b", "c"], [first, same, other])
    assert (changed.run_id, changed.path) == ("c", "cell.py → train.py")
    assert changed.diff == "--- cell.py\n+++ train.py\n@@ -1,2 +1,2 @@\n x = 1\n-y = 2\n+y = 3"
    assert (gone.path, gone.diff) == ("git.diff", "--- git.diff\n+++ /dev/null\n@@ -1 +0,0 @@\n-+old")


def test_a_run_of_which_no_source_was_kept_is_named_and_differs_in_nothing(make):
    first, bare, other = make("a", cell__py="x = 1\n"), make("b"), make("c", cell__py="x = 2\n")
    bare.source.rmdir()
    assert without_source(["a", "b", "c"], [first, bare, other]) == ["b"]
    assert [diff.run_id for diff in source_diffs(["a", "b", "c"], [first, bare, other])] == ["c"]
    assert source_diffs(["b", "a"], [bare, first]) == []


def test_of_notebooks_the_code_is_compared_and_not_what_they_showed(make):
    def notebook(source, output):
        cells = [
            {"cell_type": "markdown", "source": output},
            {"cell_type": "code", "source": source, "outputs": [output]},
        ]
        return json.dumps({"cells": cells})

    first, same = make("a", n__ipynb=notebook(["x = 1\n", "y"], "1")), make("b", n__ipynb=notebook("x = 1\ny", "2"))
    assert source_diffs(["a", "b"], [first, same]) == []
    [diff] = source_diffs(["a", "c"], [first, make("c", n__ipynb=notebook("x = 2\ny", "1"))])
    assert "-x = 1\n+x = 2" in diff.diff


def test_a_diff_has_an_end_and_a_link_is_not_followed(make, tmp_path):
    first, other = make("a", cell__py="x\n" * 90_000), make("b", cell__py="yyyyyyyyyyyyyyyyyyyy\n" * 90_000)
    (tmp_path / "secret").write_text("secret")
    (other.source / "link.py").symlink_to(tmp_path / "secret")
    [diff] = source_diffs(["a", "b"], [first, other])
    assert (len(diff.diff), diff.cut) == (64 * 1024, True)


def series(x, y):
    return Series(x, y, len(x))


def test_curves_lie_over_one_axis_each_with_its_newest_value_up_to_there():
    runs = [
        {"loss": series([0, 2, 1, 2], [9.0, 5.0, 7.0, 4.0])},
        {"loss": series([1, 3], [1.0, None]), "acc": series([1], [0.5])},
    ]
    loss, acc = aligned(runs, ["loss", "acc", "none"], 100)
    assert (loss.x, loss.y) == ([0, 1, 2, 3], [[9.0, 7.0, 4.0, None], [None, 1.0, 1.0, None]])
    assert (acc.x, acc.y) == ([1], [[None], [0.5]])


def test_an_axis_of_time_begins_with_each_run():
    runs = [{"loss": series([100.0, 101.0], [1.0, 2.0])}, {"loss": series([500.0, 501.0], [3.0, 4.0])}]
    [curve] = aligned(runs, ["loss"], 100, from_first=True)
    assert (curve.x, curve.y) == ([0.0, 1.0], [[1.0, 2.0], [3.0, 4.0]])


def test_an_axis_has_no_more_places_than_asked_for_and_both_ends():
    [curve] = aligned([{"loss": series(list(range(1000)), [float(value) for value in range(1000)])}], ["loss"], 16)
    assert (len(curve.x), curve.x[0], curve.x[-1], curve.y[0] == curve.x) == (16, 0, 999, True)
