"""Whose a process is, what it runs and which processes it comes from, as ``/proc`` tells any user."""

from __future__ import annotations

import functools
import os
import time
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["ancestors", "owner", "parse_command", "program", "started"]

_PROC = Path("/proc")
_DEEPEST = 64
_LONGEST = 60


def ancestors(pid: int) -> tuple[int, ...]:
    """Return a process and those that it comes from, its parent second; empty when it cannot be seen from here."""
    found: list[int] = []
    while pid > 0 and pid not in found and len(found) < _DEEPEST:
        parent = _parent(pid)
        if parent is None:
            break
        found.append(pid)
        pid = parent
    return tuple(found)


def owner(pid: int) -> str:
    """Return the name of the user whose process it is, empty when it cannot be seen from here."""
    try:
        status = (_PROC / str(pid) / "status").read_text(errors="replace")
    except OSError:
        return ""
    return _user_name(int(status.partition("\nUid:")[2].split(None, 1)[0]))


def program(pid: int) -> str:
    """Return what a process runs in a word or two (``python train.py``), without its arguments, which may be secret."""
    try:
        words = (_PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
        words = words if any(words) else [(_PROC / str(pid) / "comm").read_text(errors="replace").strip()]
    except OSError:
        return ""
    return parse_command(words)


def parse_command(words: list[str]) -> str:
    """Return the program in these arguments; of an interpreter also the script or module that it runs."""
    name = words[0].rpartition("/")[2]
    if name.startswith("python"):
        if words[1:2] == ["-m"] and len(words) > 2:
            name = f"{name} -m {words[2]}"
        elif len(words) > 1 and words[1].endswith(".py"):
            name = f"{name} {words[1].rpartition('/')[2]}"
    return name[:_LONGEST]


def started(pid: int) -> datetime | None:
    """Return when a process started, None when it cannot be seen from here."""
    stat, up = _stat(pid), _seconds_up()
    if stat is None or up is None:
        return None
    age = up - int(stat[19]) / os.sysconf("SC_CLK_TCK")
    return datetime.fromtimestamp(time.time() - age, UTC)


def _seconds_up() -> float | None:
    try:
        return float((_PROC / "uptime").read_text().split()[0])
    except OSError:
        return None


def _parent(pid: int) -> int | None:
    stat = _stat(pid)
    return None if stat is None else int(stat[1])


def _stat(pid: int) -> list[bytes] | None:
    """The fields after the command, which may hold anything."""
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    return stat[stat.rindex(b")") + 2 :].split()


@functools.lru_cache(maxsize=1024)
def _user_name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
