"""The host: processors, memory, disk; psutil is loaded at the first sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HostSample", "TreeUsage", "sample_host", "tree_usage", "trees_usage"]


@dataclass(frozen=True)
class HostSample:
    """The host now. Sizes in bytes; ``cpu_percent`` over all CPUs (0 to 100) since the sample before."""

    cpu_percent: float
    memory_total: int
    memory_used: int
    memory_percent: float
    disk_total: int
    disk_used: int


@dataclass(frozen=True)
class TreeUsage:
    """What a process and all its descendants use: CPU time in seconds, resident memory in bytes, their number."""

    cpu_seconds: float
    memory: int
    processes: int


def sample_host(folder: Path | str = "/") -> HostSample:
    """Return what the host does now; the disk is the one that ``folder`` lies on."""
    import psutil

    memory = psutil.virtual_memory()
    disk = psutil.disk_usage(str(folder))
    return HostSample(
        psutil.cpu_percent(), memory.total, memory.total - memory.available, memory.percent, disk.total, disk.used
    )


def tree_usage(pid: int) -> TreeUsage:
    """Return what the process ``pid`` and its descendants use; those that end meanwhile are left out."""
    return trees_usage([pid])


def trees_usage(pids: Iterable[int]) -> TreeUsage:
    """Return what these processes and all their descendants use, each one counted once.

    CPU time includes that of children which ended and were waited for.
    """
    import psutil

    found: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            root = psutil.Process(pid)
            found.update((process.pid, process) for process in (root, *root.children(recursive=True)))
        except psutil.Error:
            continue
    seconds, memory, count = 0.0, 0, 0
    for process in found.values():
        try:
            with process.oneshot():
                times = process.cpu_times()
                memory += process.memory_info().rss
        except psutil.Error:
            continue
        seconds += times.user + times.system + times.children_user + times.children_system
        count += 1
    return TreeUsage(seconds, memory, count)
