import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from trackside.tracking import Run
from trackside.tracking.folder import RunFolder
from trackside.tracking.losses import Losses
from trackside.tracking.syncing import SyncThread

Synced = list[str]


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> Synced:
    """The paths that were synced, in order; the sync itself is done too."""
    found: Synced = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        found.append(os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115

    monkeypatch.setattr(os, "fsync", noted)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "job-1")
    made.create()
    return made


def _until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_finish_syncs_records_facts_and_the_names_of_both(synced: Synced) -> None:
    run = Run(system_metrics=False, capture_git=False, capture_pip=False)
    run.log({"loss": 1})
    run.progress(1, 2)
    run.finish()
    home = run.run_dir.parent.parent
    assert {str(home / "home.json"), str(home)} <= set(synced)
    names = {"metrics.jsonl", "meta.json", "config.json", "progress.jsonl"}
    assert {str(run.run_dir / name) for name in names} | {str(run.run_dir), str(run.run_dir.parent)} <= set(synced)
    assert synced.index(str(run.run_dir)) > synced.index(str(run.run_dir / "metrics.jsonl"))


def test_what_changes_is_synced_at_the_interval_and_what_does_not_is_left_alone(
    folder: RunFolder, synced: Synced
) -> None:
    folder.metrics.write_text("1\n")
    folder.config.write_text("{}")
    thread = SyncThread(folder, Losses("job-1"), interval=0.01)
    thread.start()
    _until(lambda: str(folder.path.parent) in synced)
    synced.clear()
    with folder.metrics.open("a") as file:
        file.write("2\n")
    _until(lambda: synced)
    thread.stop(30)
    assert set(synced) == {str(folder.metrics)}


def test_log_and_finish_do_not_wait_for_a_disk_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = threading.Event()
    run = Run(system_metrics=False, capture_git=False, capture_pip=False)
    monkeypatch.setattr(os, "fsync", lambda _descriptor: hanging.wait(60))
    began = time.monotonic()
    for i in range(100):
        run.log({"loss": i})
    run.close("failed", None, patience=0.05)
    assert time.monotonic() - began < 10
    assert (run.run_dir / "metrics.jsonl").read_bytes().count(b"\n") == 100
    hanging.set()
    run._sync.stop(30)


def test_a_disk_that_refuses_is_said_once_and_is_no_error(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    folder.metrics.write_text("1\n")
    losses = Losses("job-1")
    for _ in range(2):
        thread = SyncThread(folder, losses)
        thread.start()
        thread.stop(30)
    assert [record.message for record in caplog.records if "loss of power" in record.message] == [caplog.messages[0]]
    assert losses.count == 0


def test_a_folder_that_is_gone_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    thread = SyncThread(RunFolder(tmp_path / "nowhere"), Losses("job-1"))
    thread.start()
    thread.stop(30)
    assert caplog.messages == []
