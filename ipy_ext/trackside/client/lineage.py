"""This process's ancestors, and whether a process is the one that it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["ancestors", "is_same", "parse_stat"]

_MOST = 64
_DEAD = (b"Z", b"X", b"x")


def parse_stat(stat: bytes) -> tuple[bytes, int, int]:
    """Return state, parent and start time (clock ticks) from ``/proc/<pid>/stat``; the command in it may hold anything."""
    fields = stat[stat.rindex(b")") + 2 :].split()
    return fields[0], int(fields[1]), int(fields[19])


def ancestors(pid: int) -> Iterator[int]:
    """Yield ``pid``, its parent, and so on up; only ``pid`` where the system has no ``/proc``."""
    for _ in range(_MOST):
        yield pid
        stat = _stat(pid)
        if stat is None or stat[1] <= 0:
            return
        pid = stat[1]


def is_same(pid: int, start_time: float) -> bool:
    """Return whether the process ``pid`` lives and began at ``start_time`` (where the system can tell)."""
    if pid <= 0:
        return False
    stat = _stat(pid)
    if stat is not None:
        return stat[0] not in _DEAD and stat[2] == start_time
    return not _has_proc() and _exists(pid)


def _stat(pid: int) -> tuple[bytes, int, int] | None:
    try:
        return parse_stat(Path(f"/proc/{pid}/stat").read_bytes())
    except (OSError, ValueError, IndexError):
        return None


def _has_proc() -> bool:
    return Path("/proc/self/stat").exists()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
