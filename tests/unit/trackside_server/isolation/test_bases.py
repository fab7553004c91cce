"""Where control groups may be made, on systems that are only folders here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trackside_server.isolation.bases import KEEPERS, Base, find_base, move_aside

SCOPE = "user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope"


class System:
    """A system of files: what a process sees of its groups, and the groups."""

    def __init__(self, root: Path) -> None:
        self.proc, self.run, self.groups = root / "proc", root / "run", root / "cg"
        for folder in (self.proc, self.run, self.groups):
            folder.mkdir()
        self._mounts: list[str] = ["22 1 0:21 / /proc rw - proc proc rw"]

    def mount(self, name: str, kind: str, options: str, root: str = "/") -> Path:
        """Mount a hierarchy; an empty name is where all of them are."""
        point = self.groups / name
        point.mkdir(exist_ok=True)
        self._mounts.append(f"30 22 0:26 {root} {point} rw,nosuid shared:9 - {kind} {kind} {options}")
        (self.proc / "mountinfo").write_text("\n".join(self._mounts) + "\n")
        return point

    def stand_in(self, *lines: str) -> None:
        """Say where the process stands."""
        (self.proc / "cgroup").write_text("".join(f"{line}\n" for line in lines))

    def base(self, engine: str = "auto") -> Base | str:
        """Return what is found."""
        return find_base(engine, str(self.proc), str(self.run))


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path)


def group(folder: Path, *, controllers: str, enabled: str = "", root: bool = False) -> Path:
    """Lay out a group of version 2."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"controllers": controllers, "subtree_control": enabled, "procs": ""}.items():
        (folder / f"cgroup.{name}").write_text(f"{text}\n")
    if not root:
        (folder / "cgroup.type").write_text("domain\n")
    return folder


def test_a_scope_of_our_own_is_divided_between_keepers_and_jobs(system: System) -> None:
    point = system.mount("", "cgroup2", "rw")
    scope = group(point / SCOPE, controllers="cpu memory pids", enabled="cpu memory pids")
    (scope / KEEPERS).mkdir()
    system.stand_in(f"0::/{SCOPE}/{KEEPERS}")
    assert system.base() == Base("systemd", dict.fromkeys(["memory", "cpus", "max_processes"], str(scope)))
    assert system.base("systemd") == system.base("cgroup2") == system.base()


def test_what_is_not_enabled_yet_is_enabled_and_keepers_weigh_as_much_as_the_machine(system: System) -> None:
    point = system.mount("", "cgroup2", "rw")
    scope = group(point / SCOPE, controllers="cpu")
    (scope / KEEPERS).mkdir()
    (scope / KEEPERS / "cpu.weight").write_text("100\n")
    system.stand_in(f"0::/{SCOPE}/{KEEPERS}")
    assert system.base() == Base("systemd", {"cpus": str(scope)})
    assert (scope / KEEPERS / "cpu.weight").read_text() == f"{min(100 * (os.cpu_count() or 1), 10_000)}\n"


def test_a_controller_that_cannot_be_enabled_is_not_counted_on(system: System) -> None:
    point = system.mount("", "cgroup2", "rw")
    scope = group(point / SCOPE, controllers="cpu memory")
    (scope / "cgroup.subtree_control").unlink()
    (scope / "cgroup.subtree_control").symlink_to("/dev/null")  # takes everything and does nothing
    system.stand_in(f"0::/{SCOPE}/{KEEPERS}")
    (scope / KEEPERS).mkdir()
    assert system.base() == "No control groups of version 1 are mounted."
    assert "cannot be enabled" in str(system.base("systemd"))


def test_a_group_that_holds_others_too_is_left_alone(system: System) -> None:
    point = system.mount("", "cgroup2", "rw")
    group(point / "system.slice", controllers="memory", enabled="memory")
    group(point / "system.slice/jupyter.service", controllers="memory")
    (system.run / "systemd/system").mkdir(parents=True)
    system.stand_in("0::/system.slice/jupyter.service")
    said = system.base("cgroup2")
    assert isinstance(said, str)
    assert "was not given to this server to divide" in said


def test_beside_us_in_a_group_that_somebody_divided_there_is_room_where_no_systemd_rules(system: System) -> None:
    point = system.mount("", "cgroup2", "rw")
    group(point, controllers="memory pids", enabled="memory pids")
    group(point / "init", controllers="memory pids")
    system.stand_in("0::/init")
    assert system.base() == Base("cgroup2", dict.fromkeys(["memory", "max_processes"], str(point)))


def test_the_root_of_the_machine_may_be_divided(system: System) -> None:
    point = group(system.mount("", "cgroup2", "rw"), controllers="memory io", enabled="memory io", root=True)
    system.stand_in("0::/")
    assert system.base() == Base("cgroup2", {"memory": str(point), "max_iops": str(point)})


def test_where_both_versions_are_mounted_the_one_with_the_controllers_counts(system: System) -> None:
    memory = system.mount("memory", "cgroup", "rw,memory")
    cpu = system.mount("cpu,cpuacct", "cgroup", "rw,cpu,cpuacct")
    group(system.mount("unified", "cgroup2", "rw"), controllers="hugetlb", root=True)
    (memory / "outer/inner").mkdir(parents=True)
    system.stand_in("4:memory:/outer/inner", "3:cpu,cpuacct:/", "0::/")
    assert system.base() == Base("cgroup1", {"memory": str(memory / "outer/inner"), "cpus": str(cpu)})
    assert system.base("cgroup2") == "Control groups of version 2 have no controllers here; version 1 has them."


def test_in_a_container_the_path_begins_at_what_is_mounted(system: System) -> None:
    memory = system.mount("memory", "cgroup", "rw,memory", root="/docker/4711")
    (memory / "job").mkdir()
    system.stand_in("4:memory:/docker/4711/job")
    assert system.base() == Base("cgroup1", {"memory": str(memory / "job")})
    system.stand_in("4:memory:/docker/4711")
    assert system.base() == Base("cgroup1", {"memory": str(memory)})


def test_a_forced_engine_that_is_not_there_says_why(system: System) -> None:
    system.mount("", "cgroup2", "rw")
    system.stand_in("0::/")
    assert system.base("cgroup1") == "No control groups of version 1 are mounted."
    assert system.base("watchdog") == "The watchdog was asked for."


def test_a_system_without_groups_says_so(tmp_path: Path) -> None:
    assert "cannot be read" in str(find_base("auto", str(tmp_path / "nowhere")))


def test_moving_aside_leaves_the_scope_empty(system: System) -> None:
    scope = group(system.mount("", "cgroup2", "rw") / SCOPE, controllers="memory")
    system.stand_in(f"0::/{SCOPE}")
    move_aside(str(system.proc))
    assert (scope / KEEPERS / "cgroup.procs").read_text() == "0\n"


def test_groups_that_this_user_may_not_write_are_no_base(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    system.mount("memory", "cgroup", "rw,memory")
    system.stand_in("4:memory:/")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "cannot be written here" in str(system.base())
