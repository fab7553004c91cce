"""Linux's own account of the machine and its processes: ``/proc``, read as it is.

A runner reads it every few seconds beside a job that may run for weeks; a library that lists all processes of the
machine for each question would cost each of hundreds of runners more than the rest of its work. Where there is no
``/proc``, every question is answered with "none".
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
from collections.abc import Iterable
from typing import NamedTuple

__all__ = [
    "CpuTimes",
    "children",
    "cpu_times",
    "descendants",
    "lists_children",
    "memory",
    "memory_of_container",
    "memory_of_host",
    "read",
    "times",
]

_PAGE = os.sysconf("SC_PAGE_SIZE")
_NO_LIMIT = 2**62
"""Bytes from which on a limit is the kernel's way to say that there is none."""
_TICK = 1 / os.sysconf("SC_CLK_TCK")


class CpuTimes(NamedTuple):
    """Ticks of all processors since the machine started."""

    busy: int
    total: int


def cpu_times() -> CpuTimes | None:
    """Return how busy the processors have been; time of guests is part of the time of users already."""
    stat = read("/proc/stat")
    if not stat or not stat.startswith(b"cpu "):
        return None
    ticks = [int(number) for number in stat[: stat.index(b"\n")].split()[1:9]]
    total = sum(ticks)
    return CpuTimes(total - ticks[3] - ticks[4], total)


def memory_of_host() -> tuple[int, int] | None:
    """Return the bytes of memory that the machine has, and those that are available."""
    found = {}
    for line in (read("/proc/meminfo") or b"").splitlines():
        if line.startswith((b"MemTotal:", b"MemAvailable:")):
            name, number, *_ = line.split()
            found[name] = int(number) * 1024
    if len(found) < 2:
        return None
    return found[b"MemTotal:"], found[b"MemAvailable:"]


def memory_of_container(root: str = "/sys/fs/cgroup", groups: str = "/proc/self/cgroup") -> int | None:
    """Return the least bytes that a control group around this process allows it, None where none limits it.

    A container sees its own group as the root of the mount, whatever its path outside; both places are looked at.
    """
    found = []
    for line in (read(groups) or b"").decode().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            base, name = root, "memory.max"
        elif "memory" in controllers.split(","):
            base, name = f"{root}/memory", "memory.limit_in_bytes"
        else:
            continue
        parts = [part for part in path.split("/") if part and part != ".."]
        for depth in range(len(parts) + 1):
            text = read("/".join([base, *parts[:depth], name]))
            if text is not None and text.strip().isdigit():
                found.append(int(text))
    least = min(found, default=_NO_LIMIT)
    return least if least < _NO_LIMIT else None


def times(pids: Iterable[int]) -> tuple[float, int]:
    """Return the seconds of CPU that these processes used, with those of children they waited for, and their number."""
    ticks, count = 0, 0
    for pid in pids:
        stat = read(f"/proc/{pid}/stat")
        if stat:
            ticks += sum(map(int, stat[stat.rindex(b")") + 2 :].split()[11:15]))
            count += 1
    return ticks * _TICK, count


def children(pid: int) -> list[int]:
    """Return the direct children of a process, zombies included."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            listed = read(f"/proc/{pid}/task/{thread}/children")
            if listed is None:
                return _children_by_scan(pid) if thread == str(pid) and _has_no_lists() else found
            found.extend(map(int, listed.split()))
    except OSError:
        pass
    return found


@functools.cache
def _has_no_lists() -> bool:
    """Whether the kernel was built without the lists of children (CONFIG_PROC_CHILDREN)."""
    me = os.getpid()
    return read(f"/proc/{me}/stat") is not None and read(f"/proc/{me}/task/{me}/children") is None


def _children_by_scan(parent: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = read(f"/proc/{name}/stat")
            if stat is not None and int(stat[stat.rindex(b")") + 2 :].split()[1]) == parent:
                found.append(int(name))
    return found


def descendants(roots: Iterable[int]) -> list[int]:
    """Return these processes and everything below them, parents first."""
    found = dict.fromkeys(roots)
    walk = list(found)
    for pid in walk:  # grows while it is walked
        fresh = [child for child in children(pid) if child not in found]
        found.update(dict.fromkeys(fresh))
        walk += fresh
    return walk


def memory(pids: Iterable[int]) -> int:
    """Return the resident bytes of these processes; memory that several share counts several times."""
    total = 0
    for pid in pids:
        statm = read(f"/proc/{pid}/statm")
        if statm:
            total += int(statm.split(None, 2)[1]) * _PAGE
    return total


def lists_children() -> bool:
    """Whether this kernel tells the children of a process without a look at all others."""
    return read(f"/proc/{os.getpid()}/stat") is not None and not _has_no_lists()


def read(path: str) -> bytes | None:
    """Return what a file of ``/proc`` says, None when it or its process is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        parts = []
        while part := os.read(descriptor, 65536):
            parts.append(part)
        return b"".join(parts)
    except OSError as error:
        if error.errno != errno.ESRCH:
            raise
        return None
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)
