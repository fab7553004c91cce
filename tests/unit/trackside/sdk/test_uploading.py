"""Which files travel with a job."""

from pathlib import Path

import pytest

from trackside.errors import InvalidInput
from trackside.sdk.uploading import collect


@pytest.fixture
def project(tmp_path):
    for name, text in {
        "train.py": "print(1)",
        "conf/base.yaml": "lr: 0.1",
        "conf/deep/more.yaml": "",
        "data/.gitignore": "*.bin\n!keep.bin\n",
        "data/big.bin": "x",
        "data/keep.bin": "y",
        "data/notes.txt": "z",
        ".gitignore": "# mine\nbuild/\n*.log\n/secret.txt\n",
        "build/out.o": "",
        "run.log": "",
        "secret.txt": "",
        "conf/secret.txt": "",
        ".git/HEAD": "ref",
        "pkg/__pycache__/a.pyc": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "train.py").chmod(0o755)
    (tmp_path / "empty").mkdir()
    return tmp_path


def places(uploads, base):
    return [item.path for item in collect(uploads, base)]


def test_a_folder_is_all_that_its_gitignore_leaves(project):
    assert places(".", project) == [
        ".gitignore", "conf/base.yaml", "conf/deep/more.yaml", "conf/secret.txt", "data/.gitignore", "data/keep.bin",
        "data/notes.txt", "empty/", "pkg/", "train.py",
    ]  # fmt: skip


def test_files_keep_their_folders_and_modes(project):
    (script, other) = collect(["train.py", Path("conf/base.yaml")], project)
    assert (script.path, script.mode) == ("train.py", 0o755)
    assert (other.path, other.source) == ("conf/base.yaml", project / "conf" / "base.yaml")
    assert places([str(project / "conf")], project / "data") == [
        "conf/base.yaml",
        "conf/deep/more.yaml",
        "conf/secret.txt",
    ]


def test_places_may_be_named_and_contents_given(project):
    found = collect({"code/run.py": project / "train.py", "config.json": b"{}", "c": project / "conf"}, project)
    assert [item.path for item in found] == [
        "code/run.py",
        "config.json",
        "c/base.yaml",
        "c/deep/more.yaml",
        "c/secret.txt",
    ]
    described = [{"path": "a.sh", "content": b"ls", "mode": 0o700}, {"path": "out", "is_directory": True}]
    assert [(item.path, item.mode, item.source) for item in collect(described)] == [
        ("a.sh", 0o700, b"ls"),
        ("out/", 0o755, b""),
    ]


def test_a_link_is_what_it_leads_to_and_a_loop_is_left_out(project):
    (project / "link.py").symlink_to("train.py")
    (project / "loop").symlink_to(project)
    found = {item.path: item for item in collect(".", project)}
    assert found["link.py"].mode == 0o755
    assert not any(path.startswith("loop") for path in found)


@pytest.mark.parametrize(
    ("uploads", "said"),
    [
        (["nowhere.py"], "there is no file"),
        (7, "a int names no files"),
        ({"a": 7}, "'a' is given as int"),
        ([{"path": "a", "content": 7}], "the content of 'a' is no bytes"),
        ([{"path": "a", "content": b"", "owner": "me"}], "'owner' is nothing that a file has"),
    ],
)
def test_what_cannot_be_uploaded_is_said(uploads, said):
    with pytest.raises(InvalidInput) as caught:
        collect(uploads)
    assert said in str(caught.value)
