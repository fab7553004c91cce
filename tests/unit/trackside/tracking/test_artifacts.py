import os
import threading
from pathlib import Path

import pytest

from trackside.errors import InvalidInput, NotFound
from trackside.tracking.artifacts import save
from trackside.tracking.folder import RunFolder


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "job-1")
    made.create()
    return made


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.pt"
    path.write_bytes(b"one")
    return path


def _tree(folder: RunFolder) -> dict[str, str]:
    return {
        str(path.relative_to(folder.artifacts)): path.read_text()
        for path in sorted(folder.artifacts.rglob("*"))
        if path.is_file()
    }


def test_a_file_is_copied_under_its_own_name_or_another_one(folder: RunFolder, model: Path) -> None:
    assert save(folder, str(model)) == folder.artifacts / "model.pt"
    assert save(folder, model, "best/model.pt") == folder.artifacts / "best" / "model.pt"
    assert model.read_bytes() == b"one"
    assert _tree(folder) == {"model.pt": "one", "best/model.pt": "one"}


def test_nothing_is_overwritten_another_content_gets_a_number(folder: RunFolder, model: Path) -> None:
    first = save(folder, model)
    assert save(folder, model) == first
    model.write_bytes(b"two")
    assert save(folder, model) == folder.artifacts / "model-2.pt"
    model.write_bytes(b"three")
    assert save(folder, model) == folder.artifacts / "model-3.pt"
    model.write_bytes(b"two")
    assert save(folder, model) == folder.artifacts / "model-2.pt"
    assert _tree(folder) == {"model.pt": "one", "model-2.pt": "two", "model-3.pt": "three"}


def test_a_folder_is_copied_whole_and_its_links_are_followed(folder: RunFolder, tmp_path: Path) -> None:
    source = tmp_path / "checkpoint"
    (source / "deep").mkdir(parents=True)
    (source / "a").write_text("a")
    (source / "deep" / "b").write_text("b")
    (tmp_path / "blob").write_text("blob")
    (source / "weights").symlink_to("../blob")
    (source / "again").symlink_to("deep")
    (source / "self").symlink_to(".")
    (source / "gone").symlink_to("nowhere")
    os.mkfifo(source / "pipe")
    assert save(folder, source) == folder.artifacts / "checkpoint"
    assert _tree(folder) == {
        "checkpoint/a": "a", "checkpoint/deep/b": "b", "checkpoint/again/b": "b", "checkpoint/weights": "blob",
    }  # fmt: skip
    assert save(folder, source) == folder.artifacts / "checkpoint"
    (source / "a").write_text("changed")
    assert save(folder, source) == folder.artifacts / "checkpoint-2"


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "..", "a\0b"])
def test_no_name_leads_out_of_the_artifacts(folder: RunFolder, model: Path, name: str) -> None:
    with pytest.raises(InvalidInput):
        save(folder, model, name)
    assert sorted(path.name for path in folder.path.iterdir()) == ["artifacts"]


def test_a_link_in_the_artifacts_does_not_lead_out_either(folder: RunFolder, model: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (folder.artifacts / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(InvalidInput):
        save(folder, model, "link/model.pt")
    assert list((tmp_path / "outside").iterdir()) == []


def test_what_is_not_there_is_named(folder: RunFolder) -> None:
    with pytest.raises(NotFound, match=r"nowhere\.pt"):
        save(folder, "nowhere.pt")


def test_the_run_cannot_be_saved_into_itself(folder: RunFolder) -> None:
    for source in (folder.path, folder.artifacts):
        with pytest.raises(InvalidInput, match="holds the run itself"):
            save(folder, source)


def test_a_copy_that_fails_leaves_nothing(folder: RunFolder, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_source: object, target: Path) -> None:
        target.write_bytes(b"o")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copy2", full)
    with pytest.raises(OSError, match="No space"):
        save(folder, model)
    assert list(folder.artifacts.iterdir()) == []


def test_saves_at_the_same_time_each_get_a_name(folder: RunFolder, tmp_path: Path) -> None:
    sources = []
    for number in range(8):
        source = tmp_path / str(number) / "model.pt"
        source.parent.mkdir()
        source.write_text(str(number))
        sources.append(source)
    threads = [threading.Thread(target=save, args=(folder, source)) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(_tree(folder).values()) == [str(number) for number in range(8)]
