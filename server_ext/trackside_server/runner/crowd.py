"""Watches how many processes and threads a tree has, where no control group does."""

from __future__ import annotations

import os
from collections.abc import Iterable

from trackside_server.runner import processes

__all__ = ["CrowdWatch"]

_PERIOD, _PERIOD_WHEN_FULL = 0.5, 0.1


class CrowdWatch:
    """The tasks of one tree against a limit; as in a control group, a thread counts as much as a process."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def look(self, roots: Iterable[int]) -> tuple[str | None, float]:
        """Return what is wrong (None: nothing), and the seconds until the next look."""
        tasks = sum(map(_tasks, processes.descendants(roots)))
        if tasks > self._limit:
            return f"had {tasks} processes and threads, more than its limit of {self._limit}", _PERIOD
        return None, _PERIOD_WHEN_FULL if tasks * 2 > self._limit else _PERIOD


def _tasks(pid: int) -> int:
    try:
        return os.stat(f"/proc/{pid}/task").st_nlink - 2
    except OSError:
        return 0
