"""Takes ended children from the kernel, each told about before it is gone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

__all__ = ["Reaped", "has_children", "reap", "reap_one"]


class Reaped(NamedTuple):
    """A child that ended; ``max_rss`` as ``getrusage`` gives it."""

    pid: int
    wait_status: int
    max_rss: int


def reap(first: Callable[[int, int], None]) -> Iterator[Reaped]:
    """Reap every child that has ended; ``first`` gets pid and wait status while the child can still be asked for."""
    if not hasattr(os, "waitid"):
        yield from _reap_at_once(first)
        return
    while (seen := _peek()) is not None:
        first(*seen)
        reaped = reap_one(seen[0])
        if reaped is not None:
            yield reaped


def _reap_at_once(first: Callable[[int, int], None]) -> Iterator[Reaped]:
    """The same on macOS, where a child can only be asked for by reaping it."""
    while (reaped := reap_one(-1)) is not None:
        first(reaped.pid, reaped.wait_status)
        yield reaped


def reap_one(pid: int) -> Reaped | None:
    """Reap this child (-1: any) if it has ended."""
    try:
        found, wait_status, usage = os.wait4(pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return Reaped(found, wait_status, usage.ru_maxrss) if found else None


def has_children() -> bool:
    """Whether any child is left, running or not reaped."""
    if not hasattr(os, "waitid"):
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _peek() -> tuple[int, int] | None:
    """Return pid and wait status of a child that has ended, and leave it there."""
    try:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    if ended is None:
        return None
    dumped = 0x80 if ended.si_code == os.CLD_DUMPED else 0
    exited = ended.si_code == os.CLD_EXITED
    return ended.si_pid, ended.si_status << 8 if exited else ended.si_status | dumped
