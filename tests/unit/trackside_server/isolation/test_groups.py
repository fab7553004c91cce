"""The group of one attempt: a limit counts only when the group's own file says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from trackside_server.isolation import groups
from trackside_server.isolation.bases import Base
from trackside_server.isolation.groups import NO_GROUP, Asked, Group, make_group, parse_numbers, remove_leftovers

LIMITS = ("memory", "cpus", "cores", "max_iops", "max_processes")
ALL = Asked(memory=2**28, cpus=2.5, cores=[0, 1, 2, 5], max_iops=300, max_processes=64)


@pytest.fixture
def disks(tmp_path: Path) -> str:
    """One disk, beside what only looks like one."""
    for name, real, size in (("vda", True, "8"), ("loop0", False, "8"), ("sr0", True, "0")):
        folder = tmp_path / "sys/block" / name
        folder.mkdir(parents=True)
        (folder / "size").write_text(f"{size}\n")
        (folder / "dev").write_text("254:0\n")
        if real:
            (folder / "device").mkdir()
    return str(tmp_path / "sys")


def second(tmp_path: Path, name: str = "job") -> tuple[Base, Path]:
    """Return a base of version 2 and the folder of a group that the kernel has filled already."""
    base = Base("cgroup2", dict.fromkeys(LIMITS, str(tmp_path / "base")))
    folder = tmp_path / "base" / name
    folder.mkdir(parents=True)
    (folder / "cpuset.cpus.effective").write_text("0-2,5\n")
    (folder / "memory.swap.max").write_text("max\n")
    return base, folder


def test_version_2_holds_every_limit_in_one_folder(tmp_path: Path, disks: str) -> None:
    base, folder = second(tmp_path)
    assert make_group(base, "job", ALL, disks) == (Group("cgroup2", [str(folder)]), list(LIMITS))
    said = {name: (folder / name).read_text().strip() for name in ("memory.max", "memory.swap.max", "cpu.weight")}
    assert said == {"memory.max": str(2**28), "memory.swap.max": "0", "cpu.weight": "250"}
    assert (folder / "io.max").read_text() == "254:0 riops=300 wiops=300\n"
    assert (folder / "pids.max").read_text() == "64\n"


def test_version_1_holds_each_limit_in_the_hierarchy_of_its_controller(tmp_path: Path, disks: str) -> None:
    base = Base("cgroup1", {limit: str(tmp_path / limit) for limit in LIMITS})
    (tmp_path / "cores/job").mkdir(parents=True)
    (tmp_path / "cores/cpuset.effective_mems").write_text("0-1\n")
    (tmp_path / "cores/job/cpuset.effective_cpus").write_text("0-2,5\n")
    (tmp_path / "memory/job").mkdir(parents=True)
    (tmp_path / "memory/job/memory.memsw.limit_in_bytes").write_text("9\n")
    group, held = make_group(base, "job", ALL, disks)
    assert (group.folders, held) == ([str(tmp_path / limit / "job") for limit in LIMITS], list(LIMITS))
    files = ["memory/job/memory.limit_in_bytes", "memory/job/memory.memsw.limit_in_bytes", "cpus/job/cpu.shares"]
    assert [(tmp_path / name).read_text().strip() for name in files] == [str(2**28), str(2**28), "2560"]
    assert (tmp_path / "cores/job/cpuset.mems").read_text() == "0-1\n"
    assert (tmp_path / "max_iops/job/blkio.throttle.write_iops_device").read_text() == "254:0 300\n"


@pytest.mark.parametrize(
    ("limit", "file"), [("memory", "memory.max"), ("max_processes", "pids.max"), ("max_iops", "io.max")]
)
def test_what_takes_a_limit_and_does_nothing_does_not_hold_it(
    tmp_path: Path, disks: str, limit: str, file: str
) -> None:
    base, folder = second(tmp_path)
    (folder / file).symlink_to("/dev/null")
    _, held = make_group(base, "job", ALL, disks)
    assert held == [name for name in LIMITS if name != limit]


def test_cores_that_the_machine_did_not_give_are_not_held(tmp_path: Path, disks: str) -> None:
    base, folder = second(tmp_path)
    (folder / "cpuset.cpus.effective").write_text("0-1\n")
    assert "cores" not in make_group(base, "job", ALL, disks)[1]


def test_without_a_disk_accesses_are_not_held(tmp_path: Path) -> None:
    base, _ = second(tmp_path)
    (tmp_path / "empty/block").mkdir(parents=True)
    assert "max_iops" not in make_group(base, "job", ALL, str(tmp_path / "empty"))[1]


def test_nothing_is_entered_and_left_where_nothing_holds(tmp_path: Path) -> None:
    (tmp_path / "base").write_text("in the way")
    assert make_group(Base("cgroup2", {"memory": str(tmp_path / "base")}), "job", ALL) == (NO_GROUP, [])
    assert make_group(Base("cgroup2", {}), "job", ALL) == (NO_GROUP, [])


def test_only_what_is_asked_for_makes_folders(tmp_path: Path) -> None:
    base = Base("cgroup1", {limit: str(tmp_path / limit) for limit in LIMITS})
    group, held = make_group(base, "job", Asked(max_processes=3))
    assert (held, group.folders) == (["max_processes"], [str(tmp_path / "max_processes/job")])
    assert [path.name for path in tmp_path.iterdir()] == ["max_processes"]


def test_the_memory_that_counts_is_without_the_files_that_the_kernel_keeps(tmp_path: Path) -> None:
    (tmp_path / "memory.stat").write_text("anon 100\nfile 5000\nshmem 20\n")
    assert Group("cgroup2", [str(tmp_path)]).memory_used() == 120
    (tmp_path / "memory.stat").write_text("cache 5000\nrss 1\ntotal_rss 70\ntotal_shmem 7\n")
    assert Group("cgroup1", [str(tmp_path)]).memory_used() == 77
    assert NO_GROUP.memory_used() is None


def test_kills_and_the_peak_are_read_in_both_versions(tmp_path: Path) -> None:
    group = Group("cgroup2", [str(tmp_path)])
    assert (group.oom_kills(), group.memory_peak()) == (0, None)
    (tmp_path / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    (tmp_path / "memory.max_usage_in_bytes").write_text("4096\n")
    assert (group.oom_kills(), group.memory_peak()) == (2, 4096)
    (tmp_path / "memory.events").write_text("low 0\nmax 31\noom 4\noom_kill 3\n")
    (tmp_path / "memory.peak").write_text("8192\n")
    assert (group.oom_kills(), group.memory_peak()) == (3, 8192)


def test_processes_in_groups_below_belong_to_it(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "cgroup.procs").write_text("12\n0\n")
    (tmp_path / "inner/cgroup.procs").write_text("13\n")
    assert Group("cgroup2", [str(tmp_path)]).pids() == [12, 13]
    assert NO_GROUP.pids() == []


def test_version_2_kills_at_once_where_the_kernel_can(tmp_path: Path) -> None:
    Group("cgroup2", [str(tmp_path)]).kill()
    assert not (tmp_path / "cgroup.kill").exists()
    (tmp_path / "cgroup.kill").touch()
    Group("cgroup1", [str(tmp_path)]).kill()
    assert (tmp_path / "cgroup.kill").read_text() == ""
    Group("cgroup2", [str(tmp_path)]).kill()
    assert (tmp_path / "cgroup.kill").read_text() == "1\n"


def test_removing_takes_the_groups_below_along_and_says_when_something_is_left(tmp_path: Path) -> None:
    (tmp_path / "job/inner/innermost").mkdir(parents=True)
    group = Group("cgroup2", [str(tmp_path / "job"), str(tmp_path / "gone")])
    (tmp_path / "job/inner/busy").touch()
    assert not group.remove()
    (tmp_path / "job/inner/busy").unlink()
    assert group.remove()
    assert NO_GROUP.remove()


def test_leftovers_are_removed_when_they_are_ours_old_and_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = tmp_path / "cg"
    for name in ("outer/trackside-1-job-1.1", "outer/trackside-2-job-1.1", "trackside-1-job-2.1"):
        (point / name).mkdir(parents=True)
    (point / "trackside-1-job-2.1/cgroup.procs").write_text("12\n")
    (tmp_path / "mountinfo").write_text(f"30 22 0:26 / {point} rw - cgroup2 cgroup2 rw\n")
    assert remove_leftovers("trackside-1-", str(tmp_path)) == 0
    monkeypatch.setattr(groups, "_YOUNG", -1.0)
    assert remove_leftovers("trackside-1-", str(tmp_path)) == 1
    assert sorted(path.name for path in (point / "outer").iterdir()) == ["trackside-2-job-1.1"]
    assert (point / "trackside-1-job-2.1").exists()


@pytest.mark.parametrize(("text", "numbers"), [("0-3,8\n", {0, 1, 2, 3, 8}), ("5\n", {5}), ("\n", set()), ("0-0", {0})])
def test_lists_of_the_kernel_are_read(text: str, numbers: set[int]) -> None:
    assert parse_numbers(text) == numbers
