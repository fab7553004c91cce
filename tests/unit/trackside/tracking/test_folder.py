import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from trackside.errors import InvalidInput
from trackside.tracking.folder import RunFolder


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "runs" / "job-1")
    made.create()
    return made


def test_a_new_folder_is_private(folder: RunFolder) -> None:
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert folder.artifacts.is_dir()


def test_every_name_lies_in_the_folder(folder: RunFolder) -> None:
    names = {name: getattr(folder, name) for name in dir(RunFolder) if isinstance(getattr(RunFolder, name), property)}
    paths = [path for path in names.values() if isinstance(path, Path)]
    paths += [folder.attempt(2), folder.alive(2), folder.stop(2)]
    assert len(set(paths)) == len(paths)
    assert all(folder.path in path.parents for path in paths)
    assert folder.attempt(2).name == "2.json"
    assert folder.log.name == "output.log"


def test_meta_is_empty_when_missing_or_damaged(folder: RunFolder) -> None:
    assert folder.read_meta() == {}
    folder.meta.write_text("{")
    assert folder.read_meta() == {}
    folder.meta.write_text("[]")
    assert folder.read_meta() == {}


def test_an_update_keeps_what_others_wrote(folder: RunFolder) -> None:
    folder.update_meta(status="running", tags=["a"])
    assert folder.update_meta(status="completed") == {"status": "completed", "tags": ["a"]}
    assert folder.read_meta() == {"status": "completed", "tags": ["a"]}


def test_updates_from_processes_and_threads_lose_nothing(folder: RunFolder) -> None:
    code = (
        "import sys; from trackside.tracking.folder import RunFolder\n"
        "f = RunFolder(sys.argv[1])\n"
        "for i in range(25): f.update_meta(**{f'{sys.argv[2]}_{i}': i})"
    )
    others = [subprocess.Popen([sys.executable, "-c", code, str(folder.path), who]) for who in ("a", "b")]
    threads = [
        threading.Thread(target=lambda who=who: [folder.update_meta(**{f"{who}_{i}": i}) for i in range(25)])
        for who in ("c", "d")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [process.wait(60) for process in others] == [0, 0]
    assert len(folder.read_meta()) == 100


def test_a_lock_that_is_held_for_ever_is_an_error_not_a_standstill(folder: RunFolder) -> None:
    with folder.locked("meta"), pytest.raises(TimeoutError, match="holds"), folder.locked("meta", timeout=0.05):
        pass


@pytest.mark.parametrize("name", ["model.pt", "a/b/c.txt", "..model", "a b", "./x"])
def test_a_name_below_is_resolved(folder: RunFolder, name: str) -> None:
    assert folder.resolve(name) == Path(os.path.realpath(folder.artifacts)) / name.removeprefix("./")
    assert folder.resolve(f"artifacts/{name}", root="run") == folder.resolve(name)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/../../x", "/etc/passwd", "a\0b", "a/.."])
def test_a_name_that_leaves_the_folder_is_refused(folder: RunFolder, name: str) -> None:
    with pytest.raises(InvalidInput):
        folder.resolve(name)
    with pytest.raises(InvalidInput):
        folder.resolve(name, root="run")


def test_a_link_that_leads_out_is_refused_and_one_that_stays_is_followed(folder: RunFolder) -> None:
    (folder.artifacts / "out").symlink_to(folder.path.parent)
    (folder.artifacts / "file").symlink_to("/etc/hostname")
    (folder.artifacts / "real").mkdir()
    (folder.artifacts / "link").symlink_to("real")
    for name in ("out", "out/x", "file"):
        with pytest.raises(InvalidInput):
            folder.resolve(name)
    assert folder.resolve("link/x") == folder.resolve("real/x")


def test_a_folder_that_was_reached_through_a_link_is_no_obstacle(folder: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "home").symlink_to(folder.path.parent)
    assert RunFolder(tmp_path / "home" / "job-1").resolve("x") == folder.resolve("x")


def test_the_ranks_of_several_hosts_are_found_in_order(folder: RunFolder) -> None:
    for name in ("metrics.10.jsonl", "metrics.2.jsonl", "metrics.jsonl"):
        (folder.path / name).touch()
    assert [path.name for path in folder.metrics_files] == ["metrics.jsonl", "metrics.2.jsonl", "metrics.10.jsonl"]
