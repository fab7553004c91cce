"""Watches the memory of a process tree where no cgroup does."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterable

from trackside_server.isolation.groups import NO_GROUP, Group
from trackside_server.runner import processes

__all__ = ["MemoryWatch"]

_FASTEST_GROWTH = 4 * 2**30
"""Bytes per second; the next look comes before a tree that grows so fast can have used up what is left."""
_SHORTEST, _LONGEST = 0.05, 1.0
_LONGEST_WITHOUT_LIMIT = 5.0
_AT_LIMIT = 0.9
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class MemoryWatch:
    """The memory of one tree: the highest seen, and whether it is above the limit (bytes; None: no limit).

    Where ``group`` holds the limit, the kernel does what has to be done; it is only asked.
    """

    def __init__(self, limit: int | None, group: Group = NO_GROUP) -> None:
        self.peak: int | None = None
        self._group = group
        self._held = limit if group.folders else None
        self._limit = None if group.folders else limit
        self._looks = 0
        self._at_start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self._oom_kills: int | None = None

    def heard(self, max_rss: int) -> None:
        """Take what the kernel measured for the main process, unless that was our own size when we started it."""
        if max_rss > self._at_start * 1.2:
            self.peak = max(self.peak or 0, max_rss * _MAXRSS_UNIT)

    def look(self, roots: Iterable[int]) -> tuple[str | None, float]:
        """Return what is wrong (None: nothing), and the seconds until the next look."""
        if self._oom_kills is None:  # not at the start: no job should wait for it
            self._oom_kills = kernel_oom_kills()
        self._looks += 1
        counted = self._group.memory_used() if self._held is not None else None
        pids = [] if counted is not None else processes.descendants(roots)
        used = processes.memory(pids) if counted is None else counted
        if self._limit is None:
            self._note(used)
            return None, min(0.2 * self._looks, _LONGEST_WITHOUT_LIMIT)
        if used <= self._limit:
            self._note(used)
            return None, min(max((self._limit - used) / _FASTEST_GROWTH, _SHORTEST), _LONGEST)
        return self._look_closer(pids, used)

    def _look_closer(self, pids: list[int], used: int) -> tuple[str | None, float]:
        """Forked workers share much of what each seems to use; only what the tree really takes counts."""
        began = time.monotonic()
        shared_once = processes.proportional_memory(pids)
        cost = time.monotonic() - began
        used = used if shared_once is None else shared_once
        self._note(used)
        assert self._limit is not None
        if used <= self._limit:
            return None, max(_SHORTEST * 4, cost * 20)
        return f"used {_size(used)} of memory, more than its limit of {_size(self._limit)}", _LONGEST

    def _note(self, used: int) -> None:
        if used:
            self.peak = max(self.peak or 0, used)

    def over_limit(self) -> str | None:
        """Return what to say when the kernel killed some process of the group for want of memory, else None."""
        if self._held is None or not self._group.oom_kills():
            return None
        peak = self._group.memory_peak() or 0
        self._note(peak)
        if 0 < peak < self._held * _AT_LIMIT:  # a container around us, or the whole machine, was full
            return (
                f"lost a process to the kernel, which ran out of memory although this job had used only {_size(peak)}"
            )
        return (
            f"needed more memory than its limit of {_size(self._held)} (peak {_size(self.peak or self._held)}); "
            "the kernel killed a process of it"
        )

    def kernel_killed(self) -> bool:
        """Whether the kernel killed some process for want of memory since this watch began."""
        return self._oom_kills is not None and kernel_oom_kills() > self._oom_kills


def kernel_oom_kills() -> int:
    """Return how often the kernel's out-of-memory killer struck since the machine started, 0 where it does not tell."""
    try:
        with open("/proc/vmstat", "rb") as file:
            for line in file:
                if line.startswith(b"oom_kill "):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def _size(size: float) -> str:
    if size < 2**30:
        return f"{size / 2**20:.1f} MB"
    return f"{size / 2**30:.2f} GB"
