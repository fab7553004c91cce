"""The few system calls that Python has no names for; each says by its answer whether it worked."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["become_subreaper", "hide_memory", "name_process"]

_PR_SET_DUMPABLE = 4
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


def become_subreaper() -> bool:
    """Make orphans among our descendants our own children."""
    return _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def hide_memory() -> bool:
    """Keep other processes of this user, and core dumps, away from our memory and environment."""
    return _prctl(_PR_SET_DUMPABLE, 0)


def name_process(name: str) -> bool:
    """Show this name (15 bytes at most) in ``ps`` and ``top``."""
    return _prctl(_PR_SET_NAME, ctypes.c_char_p(name.encode("ascii")[:15]))


def _prctl(option: int, value: object) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    answer: int = _libc.prctl(option, value, 0, 0, 0)
    return answer == 0
