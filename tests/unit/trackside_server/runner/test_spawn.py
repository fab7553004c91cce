"""What keeps a process from starting in its group is told apart from what keeps it from starting at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from trackside_server.isolation.groups import Group
from trackside_server.runner.spawn import GroupError, StartError, spawn

PLAIN = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def group(tmp_path: Path) -> Group:
    (tmp_path / "group").mkdir()
    return Group("cgroup2", [str(tmp_path / "group")])


def test_a_group_that_cannot_be_entered_starts_nothing(tmp_path: Path, log: int) -> None:
    with pytest.raises(GroupError, match="No such file"):
        spawn(["touch", str(tmp_path / "started")], PLAIN, "/", log, group=Group("cgroup2", [str(tmp_path / "no")]))
    assert not (tmp_path / "started").exists()


def test_the_process_enters_before_it_becomes_the_program(tmp_path: Path, log: int, group: Group) -> None:
    pid = spawn(["sh", "-c", "cat group/cgroup.procs; pwd"], PLAIN, str(tmp_path), log, group=group)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert (tmp_path / "log").read_text() == f"0\n{tmp_path}\n"


@pytest.mark.parametrize(
    ("program", "said"),
    [("no-such-program", "no program 'no-such-program'"), ("/no/such", "does not exist"), ("/etc", "chmod")],
)
def test_what_is_wrong_with_the_program_is_said_as_without_a_group(
    log: int, group: Group, program: str, said: str
) -> None:
    with pytest.raises(StartError, match=said) as plain:
        spawn([program], PLAIN, "/", log)
    with pytest.raises(StartError) as grouped:
        spawn([program], PLAIN, "/", log, group=group)
    assert str(grouped.value) == str(plain.value)


def test_the_caller_keeps_its_own_cores(log: int) -> None:
    before = os.sched_getaffinity(0)
    pid = spawn(["sleep", "60"], PLAIN, "/", log, cores=[max(before)])
    try:
        assert os.sched_getaffinity(pid) == {max(before)}
        assert os.sched_getaffinity(0) == before
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
