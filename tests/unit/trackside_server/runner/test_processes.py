"""Processes and their trees as ``/proc`` shows them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trackside.probes import proc
from trackside_server.runner import processes
from trackside_server.runner.memory import MemoryWatch

TREE = """
import os, sys, time
for _ in range(2):
    if os.fork() == 0:
        if os.fork() == 0:
            time.sleep(60)
        time.sleep(60)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def tree() -> Iterator[subprocess.Popen[str]]:
    """A process with two children that have a child each."""
    with subprocess.Popen([sys.executable, "-S", "-c", TREE], stdout=subprocess.PIPE, text=True) as root:
        assert root.stdout is not None
        assert root.stdout.readline() == "ready\n"
        yield root
        processes.kill_tree(lambda: [root.pid])


def wait_for_tree(pid: int) -> list[int]:
    for _ in range(2000):
        found = processes.descendants([pid])
        if len(found) == 5:
            return found
        os.sched_yield()
    raise AssertionError(f"waited for 5 processes; last seen: {found}")


def test_descendants_are_all_below_parents_first(tree: subprocess.Popen[str]) -> None:
    found = wait_for_tree(tree.pid)
    assert found[0] == tree.pid
    assert set(found[1:3]) == set(processes.children(tree.pid))


def test_a_kernel_without_lists_of_children_gives_the_same(
    tree: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = wait_for_tree(tree.pid)
    read = proc.read
    proc._has_no_lists.cache_clear()
    monkeypatch.setattr(proc, "read", lambda path: None if path.endswith("/children") else read(path))
    assert sorted(processes.descendants([tree.pid])) == sorted(expected)
    proc._has_no_lists.cache_clear()


def test_killing_a_tree_leaves_nothing_of_it(tree: subprocess.Popen[str]) -> None:
    found = wait_for_tree(tree.pid)
    assert processes.kill_tree(lambda: [tree.pid]) == []
    assert tree.wait(5) == -9
    for pid in found[1:]:
        for _ in range(20_000):
            state = Path(f"/proc/{pid}/stat")
            if not state.exists() or state.read_text().rsplit(") ")[1][0] == "Z":
                break
            os.sched_yield()
        else:
            raise AssertionError(f"process {pid} is left: {state.read_text()}")


def test_what_is_gone_has_no_children_no_memory_and_takes_no_signal() -> None:
    with subprocess.Popen(["/bin/true"]) as ended:
        pass
    assert processes.children(ended.pid) == []
    assert processes.memory([ended.pid]) == 0
    assert processes.proportional_memory([ended.pid]) == 0
    assert not processes.send(ended.pid, 0)


def test_who_is_over_but_not_reaped_takes_no_memory_and_hides_nobody_elses() -> None:
    ended = os.fork()
    if ended == 0:
        os._exit(0)
    os.waitid(os.P_PID, ended, os.WEXITED | os.WNOWAIT)
    try:
        alone = processes.proportional_memory([os.getpid()])
        both = processes.proportional_memory([os.getpid(), ended])
    finally:
        os.waitpid(ended, 0)
    assert alone is not None
    assert both == pytest.approx(alone, rel=0.1)


def test_own_memory_is_between_a_megabyte_and_the_machine() -> None:
    pid = os.getpid()
    resident, shared_once = processes.memory([pid]), processes.proportional_memory([pid])
    assert shared_once is not None
    assert 2**20 < shared_once <= resident * 1.1


def test_a_watch_looks_sooner_the_less_is_left() -> None:
    used = processes.memory([os.getpid()])
    _, far = MemoryWatch(used + 2**33).look([os.getpid()])
    _, near = MemoryWatch(used + 2**24).look([os.getpid()])
    assert far == 1.0
    assert near == 0.05


def test_a_watch_tells_use_and_limit_when_there_is_too_much() -> None:
    watch = MemoryWatch(2**20)
    excess, _ = watch.look([os.getpid()])
    assert excess is not None
    assert excess.endswith("more than its limit of 1.0 MB")
    assert watch.peak is not None
    assert watch.peak > 2**20
