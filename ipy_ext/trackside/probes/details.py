"""The host in detail: its disks, its network, the processes that use most of its processors."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import NamedTuple

import psutil

__all__ = ["Busy", "DetailProbe", "Mount", "disks", "network"]

_FRESH = 60.0
"""Seconds after which an earlier look says nothing of now."""
_MOMENT = 0.15


class Mount(NamedTuple):
    """A disk where it is mounted; sizes in bytes."""

    mount: str
    device: str
    total: int
    used: int


class Busy(NamedTuple):
    """A process, and what it uses: percent of one processor, resident memory in bytes."""

    pid: int
    name: str
    user: str
    cpu_percent: float
    memory: int


def disks() -> list[Mount]:
    """Return the disks, each once, the root of the file system first."""
    found: dict[str, Mount] = {}
    for mount, device in _mounts():
        try:
            stat = os.statvfs(mount)
        except OSError:
            continue
        total = stat.f_blocks * stat.f_frsize
        if total:
            found.setdefault(device, Mount(mount, device, total, total - stat.f_bfree * stat.f_frsize))
    return list(found.values())


def _mounts() -> Iterator[tuple[str, str]]:
    everything = {part.mountpoint: part.device for part in psutil.disk_partitions(all=True)}
    yield "/", everything.get("/", "/")
    for part in psutil.disk_partitions(all=False):
        yield part.mountpoint, part.device


def network() -> tuple[int, int]:
    """Return the bytes sent and received since the machine was started."""
    counters = psutil.net_io_counters()
    return (counters.bytes_sent, counters.bytes_recv) if counters is not None else (0, 0)


class DetailProbe:
    """Tells which processes are busy: between two looks, of which the first is kept for the next time."""

    def __init__(self) -> None:
        self._before: dict[tuple[int, float], float] = {}
        self._at = 0.0

    def busiest(self, count: int = 10) -> list[Busy]:
        """Return the processes that used most of the processors since the last look, or for a moment if that is long ago."""
        if time.monotonic() - self._at > _FRESH:
            self._look()
            time.sleep(_MOMENT)
        before, since = self._before, self._at
        now = self._look()
        elapsed = max(self._at - since, 1e-3)
        used = {
            process: 100 * (self._before[key] - before.get(key, self._before[key])) / elapsed
            for key, process in now.items()
        }
        busiest = sorted(used, key=lambda process: -used[process])[:count]
        return [found for process in busiest if (found := _told(process, used[process])) is not None]

    def _look(self) -> dict[tuple[int, float], psutil.Process]:
        seen, processes = {}, {}
        for process in psutil.process_iter():
            try:
                times, key = process.cpu_times(), (process.pid, process.create_time())
            except psutil.Error:
                continue
            seen[key], processes[key] = times.user + times.system, process
        self._before, self._at = seen, time.monotonic()
        return processes


def _told(process: psutil.Process, percent: float) -> Busy | None:
    try:
        with process.oneshot():
            return Busy(process.pid, process.name(), process.username(), round(percent, 1), process.memory_info().rss)
    except psutil.Error:
        return None
