"""GPU locks: held by whoever has the descriptor, freed when the last copy is closed."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from trackside_server.isolation import gpu_locks
from trackside_server.isolation.gpu_locks import Held, Lease, Note

ABOUT = {"job": "job-38", "home": "h1"}
US = pwd.getpwuid(os.getuid()).pw_name
ME = {"pid": os.getpid(), "start_time": 1}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKSIDE_LOCKS", str(tmp_path / "locks"))
    return tmp_path / "locks"


def take(*uuids: str, share: float = 1.0, runner: int = 1, lasts: float | None = None) -> Lease:
    taken = gpu_locks.take(uuids, ABOUT, {**ME, "start_time": runner}, share=share, lasts=lasts)
    assert isinstance(taken, Lease), taken
    return taken


def held(*uuids: str, share: float = 1.0) -> Held:
    refused = gpu_locks.take(uuids, {}, {**ME, "start_time": 99}, share=share)
    assert isinstance(refused, Held), refused
    return refused


def test_a_gpu_is_taken_once_and_the_refusal_names_its_holder() -> None:
    lease = take("GPU-a")
    assert str(held("GPU-a")) == f"GPU GPU-a is held by job-38 ({US})."
    lease.release()
    take("GPU-a").release()


def test_all_or_none_are_taken() -> None:
    lease = take("GPU-b")
    assert held("GPU-a", "GPU-b", "GPU-c").uuid == "GPU-b"
    take("GPU-a", "GPU-c", runner=2).release()
    lease.release()


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_copy_of_the_descriptors_keeps_lock_and_note(share: float) -> None:
    lease = take("GPU-a", share=share)
    copies = [os.dup(descriptor) for descriptor in lease.descriptors]
    lease.release()
    assert held("GPU-a").notes[0].job == "job-38"
    for copy in copies:
        os.close(copy)
    assert gpu_locks.living_notes() == []
    take("GPU-a").release()


def test_eight_eighths_of_a_gpu_are_given_out_and_no_ninth() -> None:
    leases = [take("GPU-a", share=share, runner=number) for number, share in enumerate((0.5, 0.25, 0.125, 0.125))]
    refused = held("GPU-a", share=0.125)
    assert len(refused.notes) == 4
    assert sorted(note.share for note in refused.notes) == [0.125, 0.125, 0.25, 0.5]
    leases[1].release()
    assert held("GPU-a", share=0.375).uuid == "GPU-a"
    take("GPU-a", share=0.25).release()
    for number in (0, 2, 3):
        leases[number].release()


def test_a_whole_gpu_and_a_share_of_it_shut_each_other_out() -> None:
    lease = take("GPU-a", share=0.125)
    held("GPU-a")
    lease.release()
    lease = take("GPU-a")
    held("GPU-a", share=0.125)
    lease.release()


def test_a_share_that_does_not_fit_leaves_nothing_locked() -> None:
    lease = take("GPU-a", share=0.5)
    held("GPU-a", share=0.75)
    take("GPU-a", share=0.5, runner=2).release()
    lease.release()


def test_the_system_frees_the_lock_of_a_killed_holder_and_its_note_is_not_believed(folder: Path) -> None:
    source = (
        "import os; from trackside_server.isolation import gpu_locks;"
        "gpu_locks.take(['GPU-a'], {'job': 'job-9'}, {'pid': os.getpid(), 'start_time': 5});"
        "print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        found = gpu_locks.holder("GPU-a")
        assert found is not None
        assert [(note.job, note.pid, note.user) for note in found.notes] == [("job-9", other.pid, US)]
        other.kill()
        other.wait()
    assert [path.name for path in folder.glob("note-*")] == [f"note-{os.getuid()}-{other.pid}-5.json"]
    assert gpu_locks.holder("GPU-a") is None
    assert list(folder.glob("note-*")) == []
    take("GPU-a").release()


def test_lock_files_are_readable_by_all_never_removed_and_the_folder_is_sticky(folder: Path) -> None:
    lease = take("GPU-a")
    [note] = folder.glob("note-*")
    assert stat.S_IMODE(note.stat().st_mode) == 0o644
    gpu_locks.remove_note(ME)
    lease.release()
    assert [path.name for path in folder.iterdir()] == ["gpu-GPU-a"]
    assert stat.S_IMODE((folder / "gpu-GPU-a").stat().st_mode) == 0o644
    assert stat.S_IMODE(folder.stat().st_mode) == 0o1777


def test_a_lock_file_that_was_replaced_is_not_taken_for_the_lock(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take("GPU-a").release()
    stale = gpu_locks._open(folder / "gpu-GPU-a")
    (folder / "gpu-GPU-a").rename(folder / "elsewhere")
    opened = iter([stale])
    really = gpu_locks._open
    monkeypatch.setattr(gpu_locks, "_open", lambda path: next(opened, None) or really(path))
    lease = take("GPU-a")
    assert os.fstat(lease.descriptors[0]).st_ino == (folder / "gpu-GPU-a").stat().st_ino
    lease.release()


def test_a_link_in_place_of_a_lock_file_is_refused(folder: Path, tmp_path: Path) -> None:
    gpu_locks.locks_dir()
    (tmp_path / "victim").write_text("")
    (folder / "gpu-GPU-a").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic link"):
        gpu_locks.take(["GPU-a"], {}, ME)


@pytest.mark.parametrize("content", ["{", '{"gpus": 1}', '{"gpus": [1]}', "[]", ""])
def test_a_holder_without_a_readable_note_is_still_a_holder(folder: Path, content: str) -> None:
    lease = take("GPU-a")
    [note] = folder.glob("note-*")
    note.write_text(content)
    assert gpu_locks.living_notes() == []
    assert str(held("GPU-a")) == "GPU GPU-a is held by another process."
    lease.release()


def test_what_others_put_in_place_of_a_note_does_no_harm(folder: Path, tmp_path: Path) -> None:
    gpu_locks.locks_dir()
    os.mkfifo(folder / "note-1-1-1.json")
    (folder / "note-2-2-2.json").mkdir()
    (folder / "note-3-3-3.json").symlink_to("/dev/zero")
    assert gpu_locks.living_notes() == []


def test_a_note_says_since_when_and_until_when() -> None:
    lease = take("GPU-a", lasts=3600)
    [note] = gpu_locks.living_notes()
    since, until = (datetime.fromisoformat(text) for text in (note.since, note.until or ""))
    assert (until - since).total_seconds() == 3600
    assert note._replace(since="", until=None) == Note(("GPU-a",), 1.0, US, "job-38", "h1", pid=os.getpid())
    assert "until 20" in str(held("GPU-a"))
    lease.release()


def test_no_gpus_need_no_folder(folder: Path) -> None:
    assert gpu_locks.take([], {}, ME) == Lease([])
    assert not folder.exists()


def test_a_shared_folder_that_is_there_goes_before_one_that_could_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRACKSIDE_LOCKS")
    first, second = tmp_path / "first", tmp_path / "second"
    monkeypatch.setattr(gpu_locks, "_SHARED", (str(tmp_path / "none" / "x"), str(second)))
    assert gpu_locks.locks_dir() == second  # the first cannot be made
    assert stat.S_IMODE(second.stat().st_mode) == 0o1777
    monkeypatch.setattr(gpu_locks, "_SHARED", (str(first), str(second)))
    assert gpu_locks.locks_dir() == second
    assert not first.exists()
