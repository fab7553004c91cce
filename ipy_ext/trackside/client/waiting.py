"""The few things that waiting code does in its own way; ``trackside.client.awaiting`` has the same names."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator
from typing import TypeVar

__all__ = ["Flow", "Lock", "call", "owner", "sleep"]

T = TypeVar("T")

Flow = Generator[T, None, None]
"""Values as they come; ``close()`` ends it and frees its connection, as leaving the loop does."""
Lock = threading.Lock


def sleep(seconds: float) -> None:
    """Wait for so long."""
    time.sleep(seconds)


def call(function: Callable[[], T]) -> T:
    """Return what the function returns."""
    return function()


def owner() -> tuple[int, object]:
    """Return the process that open connections belong to: a forked child must not use its parent's."""
    return os.getpid(), None
