"""The files of a run as values; what is sent is proved through the server."""

import pytest

from trackside.errors import InvalidInput, NotFound
from trackside.tracking.folder import RunFolder
from trackside_server.engine import artifacts
from trackside_server.engine.artifacts import find_artifact, list_artifacts


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create()
    for name in ("b", "a", "deep/c", ".hidden", ".dir/x"):
        path = folder.artifacts / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    (folder.artifacts / "link").symlink_to("a")
    return folder


def test_files_are_listed_by_path(run):
    page = list_artifacts(run, "artifacts")
    assert [(each.path, each.name, each.size) for each in page.artifacts] == [
        ("a", "a", 1),
        ("b", "b", 1),
        ("deep/c", "c", 6),
    ]
    assert not page.truncated
    assert [each.path for each in list_artifacts(run, "run").artifacts] == [
        "artifacts/a",
        "artifacts/b",
        "artifacts/deep/c",
    ]


def test_a_list_that_is_too_long_is_cut_and_says_so(run, monkeypatch):
    monkeypatch.setattr(artifacts, "_MOST", 2)
    page = list_artifacts(run, "artifacts")
    assert (len(page.artifacts), page.truncated) == (2, True)
    monkeypatch.setattr(artifacts, "_MOST", 3)
    assert not list_artifacts(run, "artifacts").truncated


def test_no_folder_has_no_files(tmp_path):
    assert list_artifacts(RunFolder(tmp_path / "absent"), "artifacts").artifacts == []


def test_a_file_is_found_where_it_really_lies(run):
    assert find_artifact(run, "deep/c", "artifacts").read_text() == "deep/c"
    assert find_artifact(run, "artifacts/a", "run").read_text() == "a"


@pytest.mark.parametrize("name", ["absent", "deep", "a/b", "n" * 300])
def test_what_is_no_file_is_not_found(run, name):
    with pytest.raises(NotFound):
        find_artifact(run, name, "artifacts")


@pytest.mark.parametrize("name", ["../meta.json", "/etc/passwd", "", ".", "a\0", "deep/../../meta.json"])
def test_what_lies_outside_is_refused(run, name):
    with pytest.raises(InvalidInput):
        find_artifact(run, name, "artifacts")
