"""Servers of one home wake each other, and one of them schedules."""

import asyncio
import os
import subprocess
import sys

from trackside_server.domain.place import host_part
from trackside_server.engine.leadership import SchedulerLock
from trackside_server.engine.wake import Wake

_OTHER = """
import asyncio, sys
from pathlib import Path
from trackside_server.engine.wake import Wake

async def main():
    woken = asyncio.Event()
    wake = Wake(Path(sys.argv[1]), woken.set)
    wake.open(asyncio.get_running_loop())
    print("open", flush=True)
    await woken.wait()
    print("woken", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


def _other(home):
    process = subprocess.Popen(
        [sys.executable, "-c", _OTHER, home], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "open\n"
    return process


def waking(home):
    async def main():
        loop = asyncio.get_running_loop()
        wake = Wake(home, lambda: None)
        wake.open(loop)
        try:
            assert wake.others() == 0
            other = _other(home)
            assert wake.others() == 1
            assert other.stdout.readline() == "woken\n"
            other.kill()
            other.communicate()
            assert wake.others() == 0, "a dead server counts as one"
            assert [path.name for path in (home / "servers").iterdir()] == [f"{host_part()}-{os.getpid()}.sock"]
        finally:
            wake.close(loop)
        assert list((home / "servers").iterdir()) == []
        assert wake.others() == 0

    asyncio.run(main())


def test_a_commit_here_wakes_the_others_and_the_dead_are_forgotten(tmp_path):
    waking(tmp_path)


def test_a_home_may_lie_deeper_than_a_socket_address_is_long(tmp_path):
    home = tmp_path / ("deep" * 20) / ("er" * 40)
    home.mkdir(parents=True)
    waking(home)


def test_one_lock_has_one_holder_and_says_who(tmp_path):
    first, second = SchedulerLock(tmp_path), SchedulerLock(tmp_path)
    assert (first.holder(), first.take(), first.take()) == ((None, None), True, True)
    assert second.take() is False
    assert second.holder() == (os.getpid(), None)
    first.release()
    assert second.take() is True
    second.release()


def test_a_damaged_lock_file_names_nobody(tmp_path):
    (tmp_path / "scheduler.lock").write_text("somebody\n")
    assert SchedulerLock(tmp_path).holder() == (None, None)
    assert SchedulerLock(tmp_path).take()
