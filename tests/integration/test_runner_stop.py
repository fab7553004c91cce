"""How attempts are made to end: by request, by limits; nothing of the tree stays."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tests.running import CANCEL, Yard, eventually, python
from tests.serving import SLACK
from trackside_server.domain.attempt import Exit
from trackside_server.executors.base import AttemptRef, Running

STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        while True:
            open({path!r} + str(os.getpid()), "w").close()
            time.sleep(0.02)
    os._exit(0)
time.sleep(600)
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKSIDE_LOCKS", str(tmp_path / "locks"))
    monkeypatch.setenv("TRACKSIDE_LIMITS_ENGINE", "watchdog")  # what control groups hold is in test_limits.py
    return tmp_path


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_a_cancelled_tree_with_a_stubborn_daemon_is_gone_within_a_second_after_the_grace_time(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            (root / "pids").mkdir()
            ref, record = await yard.start(python(STUBBORN.format(path=f"{root}/pids/")))
            await eventually(lambda: list((root / "pids").iterdir()), "the daemon's pid")
            assert record.process is not None
            pids = [record.process.pid, *(int(path.name) for path in (root / "pids").iterdir())]
            print(f"job and daemon: {pids}")
            await eventually(lambda: isinstance(yard.executor.look(ref), Running), "the record of its start")
            began = time.monotonic()
            await yard.executor.stop(ref, CANCEL, 2.0)
            assert isinstance(yard.executor.look(ref), Running)
            how = await yard.ended(ref)
            took = time.monotonic() - began
            assert 2.0 <= took < 3.0 + SLACK
            assert alive(pids) == []
            assert (how.status, how.exit_code, how.reason) == ("cancelled", -9, CANCEL)

    asyncio.run(scenario())


def test_a_tree_that_obeys_is_gone_long_before_the_grace_time_is_over(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, _ = await yard.start(["sh", "-c", "sleep 60 & sleep 61 & wait"])
            began = time.monotonic()
            await yard.executor.stop(ref, CANCEL, 30.0)
            how = await yard.ended(ref)
            assert time.monotonic() - began < 1.0 + SLACK
            assert (how.status, how.exit_code) == ("cancelled", -15)

    asyncio.run(scenario())


def test_a_process_may_use_the_grace_time_to_save_its_work(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, _ = await yard.start(
                ["sh", "-c", "trap 'sleep 0.3; echo saved; exit 7' TERM; echo up; sleep 60 & wait"]
            )
            await eventually(ref.folder.log.read_text, "the trap being set")
            await yard.executor.stop(ref, CANCEL, 5.0)
            how = await yard.ended(ref)
            assert (how.status, how.exit_code) == ("cancelled", 7)
            assert ref.folder.log.read_text() == "up\nsaved\n"

    asyncio.run(scenario())


def test_a_second_request_can_shorten_the_grace_time_and_nothing_else(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, _ = await yard.start(["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done"])
            await eventually(ref.folder.log.read_text, "the trap being set")
            await yard.executor.stop(ref, CANCEL, 60.0)
            await yard.executor.stop(ref, CANCEL, 600.0)
            other = type(CANCEL)("preempted", "a more important job needs the GPU")
            began = time.monotonic()
            await yard.executor.stop(ref, other, 0.2)
            how = await yard.ended(ref)
            assert 0.1 < time.monotonic() - began < 1.2 + SLACK
            assert how.reason == CANCEL

    asyncio.run(scenario())


def test_a_stop_file_is_enough_without_any_signal(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, _ = await yard.start(["sleep", "60"])
            ref.folder.stop(1).write_text('{"reason": {"code": "cancelled_by_user", "message": "by hand"}, "grace": 1}')
            began = time.monotonic()
            how = await yard.ended(ref)
            assert time.monotonic() - began < 1.0 + SLACK
            assert how.reason is not None
            assert (how.status, how.reason.message) == ("cancelled", "by hand")

    asyncio.run(scenario())


def test_stopping_what_is_over_or_never_began_does_nothing(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, _ = await yard.start(["/bin/true"])
            before = await yard.ended(ref)
            await yard.executor.stop(ref, CANCEL, 0.0)
            await yard.executor.stop(yard.ref("job-2"), CANCEL, 0.0)
            assert await yard.ended(ref) == before

    asyncio.run(scenario())


def test_a_stopped_process_is_continued_so_that_it_can_end(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(["sleep", "60"])
            assert record.process is not None
            os.kill(record.process.pid, signal.SIGSTOP)
            began = time.monotonic()
            await yard.executor.stop(ref, CANCEL, 30.0)
            assert (await yard.ended(ref)).exit_code == -15
            assert time.monotonic() - began < 1.0 + SLACK

    asyncio.run(scenario())


def test_a_runner_that_is_asked_to_end_ends_its_job_and_says_so(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(["sleep", "60"])
            print(f"kill -TERM {record.runner.pid} (runner)")
            os.kill(record.runner.pid, signal.SIGTERM)
            how = await yard.ended(ref)
            assert how.reason is not None
            assert (how.status, how.reason.code, how.exit_code) == ("failed", "signal", -15)
            assert "its runner was asked to end" in how.reason.message

    asyncio.run(scenario())


def run(root: Path, argv: list[str], **launch: object) -> tuple[Exit, AttemptRef]:
    async def scenario() -> tuple[Exit, AttemptRef]:
        async with Yard(root) as yard:
            return await yard.run(argv, **launch), yard.ref("job-1")

    return asyncio.run(scenario())


def test_a_job_that_runs_too_long_is_ended_and_says_so(root: Path) -> None:
    how, _ = run(root, ["sleep", "60"], time=0.4, grace=1.0)
    assert how.reason is not None
    assert (how.status, how.reason.code, how.exit_code) == ("failed", "time_limit", -15)
    assert how.reason.message == "ran longer than its time limit of 0.4 s"
    assert how.duration_seconds is not None
    assert 0.4 <= how.duration_seconds < 1.4


HUNGRY = "import time\nheld = []\nwhile True:\n    held.append(b'x' * 5_000_000)\n    time.sleep(0.01)"


def test_a_tree_that_uses_too_much_memory_is_killed_with_the_peak(root: Path) -> None:
    limit = 100 * 2**20
    how, _ = run(root, python(HUNGRY), memory=limit)
    assert how.reason is not None
    assert (how.status, how.reason.code, how.exit_code) == ("failed", "out_of_memory", -9)
    assert "more than its limit of 100.0 MB" in how.reason.message
    assert how.peak_memory is not None
    assert limit < how.peak_memory < limit * 2


SHARING = """
import os, sys, time
held = bytearray(60_000_000)
children = []
for number in range(4):
    pid = os.fork()
    if pid == 0:
        time.sleep(1.5)
        os._exit(0)
    children.append(pid)
for pid in children:
    os.waitpid(pid, 0)
"""


def test_memory_that_forked_workers_share_counts_once(root: Path) -> None:
    how, _ = run(root, python(SHARING), memory=150 * 2**20)
    assert how.status == "completed", how
    assert how.peak_memory is not None
    assert 60_000_000 < how.peak_memory < 150 * 2**20


def test_too_much_output_loses_its_middle_and_keeps_head_and_tail_at_their_offsets(root: Path) -> None:
    bound = 8 * 2**20
    line = "x" * 99
    source = f"import time\nfor n in range(300_000): print(f'{{n:010d}}', {line[:88]!r})\ntime.sleep(1.3)"
    how, ref = run(root, python(source), max_output=bound)
    assert how.status == "completed"
    found = ref.folder.log.stat()
    assert found.st_size == 300_000 * 100
    assert found.st_blocks * 512 <= bound
    with ref.folder.log.open("rb") as log:
        assert log.read(10) == b"0000000000"
        log.seek(-100, os.SEEK_END)
        assert log.read(10) == b"0000299999"
        hole = os.lseek(log.fileno(), 0, os.SEEK_HOLE)
        assert bound // 4 <= hole < found.st_size
        assert os.lseek(log.fileno(), hole, os.SEEK_DATA) > hole


def test_without_control_groups_the_limits_say_what_enforces_them(root: Path) -> None:
    async def scenario() -> None:
        async with Yard(root) as yard:
            ref, record = await yard.start(["/bin/true"], time=60.0, memory=2**30, cpus=1.5, max_output=2**30)
            told = {limit.name: (limit.value, limit.enforced, limit.by) for limit in record.limits}
            assert told == {
                "time": (60.0, True, "runner"),
                "memory": (2**30, True, "watchdog"),
                "cpus": (1.5, False, ""),
                "max_output": (2**30, True, "runner"),
            }
            await yard.ended(ref)

    asyncio.run(scenario())
