"""GPU locks: held by whoever has the descriptor, freed when the last copy is closed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from trackside_server.isolation import gpu_locks
from trackside_server.isolation.gpu_locks import GpuLock, Held

ABOUT = {"job": "job-38", "user": "alice", "until": "14:20"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKSIDE_LOCKS", str(tmp_path / "locks"))
    return tmp_path / "locks"


def take(*uuids: str) -> list[GpuLock]:
    taken = gpu_locks.take(uuids, ABOUT)
    assert not isinstance(taken, Held), taken
    return taken


def test_a_gpu_is_taken_once_and_the_refusal_names_its_holder() -> None:
    locks = take("GPU-a")
    refused = gpu_locks.take(["GPU-a"], {})
    assert isinstance(refused, Held)
    assert str(refused) == "GPU GPU-a is held by job-38 (alice) until about 14:20."
    locks[0].release()
    assert gpu_locks.holder("GPU-a") is None


def test_all_or_none_are_taken() -> None:
    held = take("GPU-b")
    refused = gpu_locks.take(["GPU-a", "GPU-b", "GPU-c"], {})
    assert isinstance(refused, Held)
    assert refused.uuid == "GPU-b"
    assert gpu_locks.holder("GPU-a") is None
    assert gpu_locks.holder("GPU-c") is None
    held[0].release()


def test_a_copy_of_the_descriptor_keeps_the_lock() -> None:
    [lock] = take("GPU-a")
    copy = os.dup(lock.descriptor)
    lock.release()
    assert gpu_locks.holder("GPU-a") is not None
    os.close(copy)
    assert gpu_locks.holder("GPU-a") is None


def test_the_system_frees_the_lock_of_a_killed_holder() -> None:
    source = (
        "from trackside_server.isolation import gpu_locks; gpu_locks.take(['GPU-a'], {'job': 'job-9'});"
        "print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        held = gpu_locks.holder("GPU-a")
        assert held is not None
        assert held.note is not None
        assert (held.note.job, held.note.pid) == ("job-9", other.pid)
        other.kill()
    assert gpu_locks.holder("GPU-a") is None


def test_lock_files_are_readable_by_all_never_removed_and_the_folder_is_sticky(folder: Path) -> None:
    [lock] = take("GPU-a")
    gpu_locks.remove_notes(["GPU-a"])
    lock.release()
    assert [path.name for path in folder.iterdir()] == ["gpu-GPU-a"]
    assert stat.S_IMODE((folder / "gpu-GPU-a").stat().st_mode) == 0o644
    assert stat.S_IMODE(folder.stat().st_mode) == 0o1777


def test_a_lock_file_that_was_replaced_is_not_taken_for_the_lock(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take("GPU-a")[0].release()
    stale = gpu_locks._open(folder / "gpu-GPU-a")
    (folder / "gpu-GPU-a").rename(folder / "elsewhere")
    opened = iter([stale])
    really = gpu_locks._open
    monkeypatch.setattr(gpu_locks, "_open", lambda path: next(opened, None) or really(path))
    [lock] = take("GPU-a")
    assert os.fstat(lock.descriptor).st_ino == (folder / "gpu-GPU-a").stat().st_ino
    lock.release()


def test_a_link_in_place_of_a_lock_file_is_refused(folder: Path, tmp_path: Path) -> None:
    gpu_locks.locks_dir()
    (tmp_path / "victim").write_text("")
    (folder / "gpu-GPU-a").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic link"):
        gpu_locks.take(["GPU-a"], {})


def test_a_holder_without_a_readable_note_is_still_a_holder(folder: Path) -> None:
    [lock] = take("GPU-a")
    (folder / f"gpu-GPU-a.{os.getuid()}.json").write_text("{")
    held = gpu_locks.holder("GPU-a")
    assert held is not None
    assert str(held) == "GPU GPU-a is held by another process."
    lock.release()


def test_no_gpus_need_no_folder(folder: Path) -> None:
    assert gpu_locks.take([], {}) == []
    assert not folder.exists()
