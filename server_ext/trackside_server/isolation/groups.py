"""The control group of one attempt: made with its limits, each read back; entered, watched, emptied and removed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trackside_server.isolation.bases import Base, mounts, read_text, write_text

__all__ = ["NO_GROUP", "Asked", "Group", "make_group", "parse_numbers", "remove_leftovers"]

_PAGE = os.sysconf("SC_PAGE_SIZE")
_V1_SHARES, _V2_WEIGHT = 1024, 100
"""What one CPU weighs."""
_YOUNG = 60.0
"""Seconds during which an empty group may still be about to be entered."""


class Asked(NamedTuple):
    """The limits that a group can hold; ``memory`` in bytes, ``cpus`` as a share, the others as counts."""

    memory: int | None = None
    cpus: float | None = None
    cores: Sequence[int] = ()
    max_iops: int | None = None
    max_processes: int | None = None

    def names(self) -> list[str]:
        """Return the names of the limits that are asked for."""
        return [name for name, value in zip(self._fields, self, strict=True) if value]


class Group(NamedTuple):
    """One group; with ``cgroup1`` it has a folder in the hierarchy of each controller that holds one of its limits."""

    engine: str
    folders: list[str]

    def enter(self) -> None:
        """Move the calling process in. Raises OSError."""
        for folder in self.folders:
            write_text(os.path.join(folder, "cgroup.procs"), "0")

    def pids(self) -> list[int]:
        """Return the processes in the group, in groups that it made below included."""
        found = {}
        for folder in self.folders[:1]:
            for inner in _tree(folder):
                found.update(dict.fromkeys(map(int, read_text(os.path.join(inner, "cgroup.procs")).split())))
        found.pop(0, None)  # one of another process namespace
        return list(found)

    def kill(self) -> None:
        """Kill everything in it at once, where the kernel can; elsewhere each of ``pids`` has to be."""
        if self.engine != "cgroup1":
            for folder in self.folders:
                with contextlib.suppress(OSError):
                    os.stat(os.path.join(folder, "cgroup.kill"))
                    write_text(os.path.join(folder, "cgroup.kill"), "1")

    def remove(self) -> bool:
        """Take the group away; False while something is left in it."""
        for folder in self.folders:
            for inner in reversed(list(_tree(folder))):
                with contextlib.suppress(OSError):
                    os.rmdir(inner)
        return not any(os.path.exists(folder) for folder in self.folders)

    def memory_used(self) -> int | None:
        """Return the bytes that its processes take, without what the kernel only keeps of their files."""
        counted = {line.split()[0]: int(line.split()[1]) for line in self._read("memory.stat").splitlines()}
        if "anon" in counted:
            return counted["anon"] + counted.get("shmem", 0)
        return counted["total_rss"] + counted.get("total_shmem", 0) if "total_rss" in counted else None

    def memory_peak(self) -> int | None:
        """Return the highest use of memory in bytes, with what the kernel kept of files."""
        peak = self._read("memory.peak") or self._read("memory.max_usage_in_bytes")
        return int(peak) if peak.strip().isdigit() else None

    def oom_kills(self) -> int:
        """Return how many of its processes the kernel killed because the group was over its memory."""
        for line in (self._read("memory.events") or self._read("memory.oom_control")).splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
        return 0

    def _read(self, name: str) -> str:
        return next((text for folder in self.folders if (text := read_text(os.path.join(folder, name)))), "")


NO_GROUP = Group("", [])
"""Holds nothing and nobody."""


def make_group(base: Base, name: str, asked: Asked, system: str = "/sys") -> tuple[Group, list[str]]:
    """Make a group; return it with the names of the limits that it holds, as its own files say.

    What accepts a limit and does nothing is found out by reading back; no process has to pay for entering there.
    """
    held: list[str] = []
    folders: list[str] = []
    for limit in asked.names():
        if limit not in base.folders:
            continue
        folder = os.path.join(base.folders[limit], name)
        with contextlib.suppress(OSError):
            os.makedirs(folder, exist_ok=True)
            set_and_read_back = _VERSION_1[limit] if base.engine == "cgroup1" else _VERSION_2[limit]
            if set_and_read_back(folder, asked, system):
                held.append(limit)
                folders += [folder] if folder not in folders else []
                continue
        if folder not in folders:
            with contextlib.suppress(OSError):
                os.rmdir(folder)
    return (Group(base.engine, folders), held) if folders else (NO_GROUP, [])


def parse_numbers(text: str) -> set[int]:
    """Return the numbers in a list as the kernel writes it: ``0-3,8``."""
    found: set[int] = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if first:
            found.update(range(int(first), int(last or first) + 1))
    return found


def remove_leftovers(prefix: str, proc: str = "/proc/self") -> int:
    """Remove empty groups with names that begin so, left where their keepers were killed; return how many."""
    removed = 0
    for point in {mount.point for mount in mounts(proc)}:
        for folder, names, _ in os.walk(point):
            for name in [name for name in names if name.startswith(prefix)]:
                names.remove(name)
                removed += _remove_if_old(os.path.join(folder, name))
    return removed


def _remove_if_old(folder: str) -> bool:
    try:
        if time.time() - os.stat(folder).st_ctime < _YOUNG:
            return False
    except OSError:
        return False
    group = Group("", [folder])
    return not group.pids() and group.remove()


def _tree(folder: str) -> Iterator[str]:
    """Return a folder and those below it, outer ones first."""
    for inner, _, _ in os.walk(folder):
        yield inner


def _disks(system: str) -> list[str]:
    """Return the device numbers of the real disks; what is stacked on them would count each access twice."""
    found = []
    folder = os.path.join(system, "block")
    for name in sorted(os.listdir(folder)):
        disk = os.path.join(folder, name)
        if os.path.exists(os.path.join(disk, "device")) and read_text(os.path.join(disk, "size")).strip() != "0":
            found.append(read_text(os.path.join(disk, "dev")).strip())
    return [disk for disk in found if disk]


def _holds(path: str, *lines: str) -> bool:
    """Write these lines; whether the file says the same afterwards."""
    write_text(path, *lines)
    return set(lines) <= {" ".join(line.split()) for line in read_text(path).splitlines()}


def _holds_size(path: str, size: int) -> bool:
    """The kernel rounds to pages."""
    write_text(path, str(size))
    text = read_text(path).strip()
    return text.isdigit() and abs(int(text) - size) < _PAGE


def _memory_1(folder: str, asked: Asked, _: str) -> bool:
    assert asked.memory is not None
    held = _holds_size(os.path.join(folder, "memory.limit_in_bytes"), asked.memory)
    with_swap = os.path.join(folder, "memory.memsw.limit_in_bytes")
    if held and os.path.exists(with_swap):
        with contextlib.suppress(OSError):  # a kernel that does not count swap
            write_text(with_swap, str(asked.memory))
    return held


def _memory_2(folder: str, asked: Asked, _: str) -> bool:
    assert asked.memory is not None
    held = _holds_size(os.path.join(folder, "memory.max"), asked.memory)
    swap = os.path.join(folder, "memory.swap.max")
    if held and os.path.exists(swap):
        with contextlib.suppress(OSError):
            write_text(swap, "0")
    return held


def _cpus_1(folder: str, asked: Asked, _: str) -> bool:
    return _holds(os.path.join(folder, "cpu.shares"), str(max(2, round((asked.cpus or 1) * _V1_SHARES))))


def _cpus_2(folder: str, asked: Asked, _: str) -> bool:
    weight = min(max(1, round((asked.cpus or 1) * _V2_WEIGHT)), 10_000)
    return _holds(os.path.join(folder, "cpu.weight"), str(weight))


def _cores_1(folder: str, asked: Asked, _: str) -> bool:
    memory_nodes = read_text(os.path.join(os.path.dirname(folder), "cpuset.effective_mems"))
    write_text(os.path.join(folder, "cpuset.mems"), memory_nodes.strip())
    return _cores(folder, asked, "cpuset.effective_cpus")


def _cores_2(folder: str, asked: Asked, _: str) -> bool:
    return _cores(folder, asked, "cpuset.cpus.effective")


def _cores(folder: str, asked: Asked, effective: str) -> bool:
    write_text(os.path.join(folder, "cpuset.cpus"), ",".join(map(str, asked.cores)))
    return parse_numbers(read_text(os.path.join(folder, effective))) == set(asked.cores)


def _iops_1(folder: str, asked: Asked, system: str) -> bool:
    lines = [f"{disk} {asked.max_iops}" for disk in _disks(system)]
    files = (os.path.join(folder, f"blkio.throttle.{way}_iops_device") for way in ("read", "write"))
    return bool(lines) and all(_holds(file, *lines) for file in files)


def _iops_2(folder: str, asked: Asked, system: str) -> bool:
    disks, count, path = _disks(system), asked.max_iops, os.path.join(folder, "io.max")
    write_text(path, *(f"{disk} riops={count} wiops={count}" for disk in disks))
    told = {line.split()[0]: line.split()[1:] for line in read_text(path).splitlines() if line.strip()}
    return bool(disks) and all({f"riops={count}", f"wiops={count}"} <= set(told.get(disk, ())) for disk in disks)


def _processes(folder: str, asked: Asked, _: str) -> bool:
    return _holds(os.path.join(folder, "pids.max"), str(asked.max_processes))


_VERSION_1 = {
    "memory": _memory_1,
    "cpus": _cpus_1,
    "cores": _cores_1,
    "max_iops": _iops_1,
    "max_processes": _processes,
}
_VERSION_2 = {
    "memory": _memory_2,
    "cpus": _cpus_2,
    "cores": _cores_2,
    "max_iops": _iops_2,
    "max_processes": _processes,
}
