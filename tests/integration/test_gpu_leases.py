"""Leases of GPUs held by real runners: until the last process is gone, and against every user of the machine."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.other_user import OtherUser
from tests.running import Yard, eventually, kill, python
from trackside_server.executors.base import GivenBack, Launched
from trackside_server.isolation import gpu_locks

GPU, OTHER = "GPU-a", "GPU-b"


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that every user of the machine may look into."""
    made = Path(tempfile.mkdtemp(prefix="trackside-gpus-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(autouse=True)
def locks(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKSIDE_LOCKS", str(root / "locks"))
    return gpu_locks.locks_dir()


def held() -> bool:
    return gpu_locks.holder(GPU) is not None


def waiting_for(path: Path) -> list[str]:
    """A job that ends when this file is there."""
    return ["/bin/sh", "-c", f"until [ -e {path} ]; do sleep 0.02; done"]


def test_a_grandchild_that_is_left_behind_keeps_the_gpu_until_it_is_gone(root: Path) -> None:
    left = (
        "import os, signal\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if os.fork(): os._exit(0)\n"
        "os.setsid()\n"
        f"with open('{root}/new', 'w') as file: file.write(str(os.getpid()))\n"
        f"os.rename('{root}/new', '{root}/pid')\n"
        "signal.pause()\n"
    )

    async def run() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(python(left), gpus=[GPU], grace=300.0)
            await eventually((root / "pid").exists, "the grandchild")
            grandchild = int((root / "pid").read_text())
            assert record.process is not None
            await eventually(lambda: not record.process.is_alive(), "the end of the main process")  # type: ignore[union-attr]
            refused = await yard.try_start(["/bin/true"], "job-2", gpus=[OTHER, GPU])
            assert isinstance(refused, GivenBack), refused
            assert refused.reason.code == "gpu_held"
            assert "job-1" in refused.reason.message
            os.kill(grandchild, signal.SIGKILL)
            await yard.ended(ref)
            assert isinstance(await yard.try_start(["/bin/true"], "job-2", gpus=[OTHER, GPU]), Launched)

    asyncio.run(run())


def test_a_gpu_is_free_again_as_soon_as_its_job_is_over(root: Path) -> None:
    async def run() -> None:
        async with Yard(root) as yard:
            for number in range(1, 11):  # each start follows the end before at once
                ref, _ = await yard.start(["/bin/true"], f"job-{number}", gpus=[GPU])
                await yard.ended(ref)

    asyncio.run(run())


def test_shares_are_held_by_the_runners_of_their_jobs(root: Path) -> None:
    async def run() -> None:
        async with Yard(root) as yard:
            first, _ = await yard.start(waiting_for(root / "go-1"), "job-1", gpus=[GPU], gpu_share=0.5, home_id="h1")
            second, _ = await yard.start(waiting_for(root / "go-2"), "job-2", gpus=[GPU], gpu_share=0.5, time=600.0)
            notes = {note.job: note for note in gpu_locks.living_notes()}
            assert [(note.home, note.share) for note in (notes["job-1"], notes["job-2"])] == [("h1", 0.5), ("", 0.5)]
            assert (notes["job-1"].until, bool(notes["job-2"].until)) == (None, True)
            for share in (1.0, 0.125):
                assert isinstance(await yard.try_start(["/bin/true"], "job-3", gpus=[GPU], gpu_share=share), GivenBack)
            (root / "go-1").touch()
            await yard.ended(first)
            third = await yard.try_start(["/bin/true"], "job-4", gpus=[GPU], gpu_share=0.25)
            for _ in range(100):  # a share is free when its runner is gone, a moment after the job's end
                if not isinstance(third, GivenBack):
                    break
                await asyncio.sleep(0.02)
                third = await yard.try_start(["/bin/true"], "job-4", gpus=[GPU], gpu_share=0.25)
            assert isinstance(third, Launched)
            await yard.ended(yard.ref("job-4"))
            (root / "go-2").touch()
            await yard.ended(second)
            await eventually(lambda: not held(), "the last note to go", state=gpu_locks.living_notes)

    asyncio.run(run())


def test_a_killed_runner_and_template_leak_neither_lock_nor_note(root: Path, locks: Path) -> None:
    async def run() -> None:
        async with Yard(root) as yard:
            _, record = await yard.start(waiting_for(root / "go"), gpus=[GPU], gpu_share=0.5)
            await kill(record.runner, "runner")
            assert held()
            await kill(record.template, "template")
            await eventually(lambda: not held(), "the lock being free", state=gpu_locks.living_notes)
            assert list(locks.glob("note-*")) == []
            assert isinstance(await yard.try_start(["/bin/true"], "job-2", gpus=[GPU]), Launched)

    asyncio.run(run())


def test_two_users_never_hold_the_same_gpu(locks: Path) -> None:
    me = {"pid": os.getpid(), "start_time": 1}
    for share in (1.0, 0.5):
        other = OtherUser(GPU, share)
        assert other.said == "taken"
        refused = gpu_locks.take([OTHER, GPU], {}, me)
        assert isinstance(refused, gpu_locks.Held)
        [note] = refused.notes
        assert (note.job, note.home, note.share) == ("job-7", "another", share)
        assert note.user == (OtherUser.name or note.user)
        other.end()
        ours = gpu_locks.take([OTHER, GPU], {"job": "job-1"}, me, share=share)
        assert isinstance(ours, gpu_locks.Lease)
        late = OtherUser(GPU)
        assert "held by job-1" in late.said
        late.end()
        ours.release()
    assert stat.S_IMODE(locks.stat().st_mode) == 0o1777


def test_two_users_share_a_gpu_up_to_its_eight_eighths() -> None:
    me = {"pid": os.getpid(), "start_time": 1}
    others = [OtherUser(GPU, 0.375), OtherUser(GPU, 0.25)]
    assert [other.said for other in others] == ["taken", "taken"]
    assert isinstance(gpu_locks.take([GPU], {}, me, share=0.5), gpu_locks.Held)
    ours = gpu_locks.take([GPU], {}, me, share=0.375)
    assert isinstance(ours, gpu_locks.Lease)
    assert len(gpu_locks.living_notes()) == 3
    for other in others:
        other.end()
    ours.release()


def test_what_another_user_left_behind_is_not_believed_and_not_ours_to_remove(locks: Path) -> None:
    other = OtherUser(GPU)
    other.end()
    [note] = locks.glob("note-*")
    assert gpu_locks.living_notes() == []
    assert note.exists() == bool(OtherUser.name)
