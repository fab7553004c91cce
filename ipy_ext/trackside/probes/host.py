"""The host: processors, memory, disk, and what trees of processes use.

Linux tells it in ``/proc``; elsewhere psutil is loaded at the first sample.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from trackside.probes import proc

__all__ = ["HostSample", "TreeUsage", "sample_host", "tree_usage", "trees_usage"]

_last_times: proc.CpuTimes | None = None


class HostSample(NamedTuple):
    """The host now. Sizes in bytes; ``cpu_percent`` over all CPUs (0 to 100) since the sample before."""

    cpu_percent: float
    memory_total: int
    memory_used: int
    memory_percent: float
    disk_total: int
    disk_used: int


class TreeUsage(NamedTuple):
    """What a process and all its descendants use: CPU time in seconds, resident memory in bytes, their number."""

    cpu_seconds: float
    memory: int
    processes: int


def sample_host(folder: Path | str = "/") -> HostSample:
    """Return what the host does now; the disk is the one that ``folder`` lies on."""
    total, available = proc.memory_of_host() or _memory_elsewhere()
    disk = os.statvfs(folder)
    return HostSample(
        _cpu_percent(),
        total,
        total - available,
        round(100 * (total - available) / total, 1),
        disk.f_blocks * disk.f_frsize,
        (disk.f_blocks - disk.f_bfree) * disk.f_frsize,
    )


def _cpu_percent() -> float:
    """Return how busy the processors were since the last call, 0 at the first."""
    global _last_times
    now = proc.cpu_times()
    if now is None:
        import psutil

        return float(psutil.cpu_percent())
    last, _last_times = _last_times, now
    if last is None or now.total <= last.total:
        return 0.0
    return round(max(0.0, 100 * (now.busy - last.busy) / (now.total - last.total)), 1)


def _memory_elsewhere() -> tuple[int, int]:
    import psutil

    found = psutil.virtual_memory()
    return int(found.total), int(found.available)


def tree_usage(pid: int) -> TreeUsage:
    """Return what the process ``pid`` and its descendants use; those that end meanwhile are left out."""
    return trees_usage([pid])


def trees_usage(pids: Iterable[int]) -> TreeUsage:
    """Return what these processes and all their descendants use, each one counted once.

    CPU time includes that of children which ended and were waited for.
    """
    if not proc.lists_children():
        return _usage_elsewhere(pids)
    tree = proc.descendants(pids)
    seconds, count = proc.times(tree)
    return TreeUsage(seconds, proc.memory(tree), count)


def _usage_elsewhere(pids: Iterable[int]) -> TreeUsage:
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
