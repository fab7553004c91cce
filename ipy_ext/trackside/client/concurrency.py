"""The few things that waiting code and awaiting code do differently, side by side; the generator swaps the names."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TypeVar

__all__ = [
    "AsyncFlow",
    "AsyncLock",
    "Flow",
    "Lock",
    "async_call",
    "async_owner",
    "async_sleep",
    "call",
    "owner",
    "sleep",
]

T = TypeVar("T")

AsyncFlow = AsyncGenerator[T, None]
"""Values as they come; ``aclose()`` ends it and frees its connection, as leaving the loop does in the end."""
Flow = Generator[T, None, None]
"""Values as they come; ``close()`` ends it and frees its connection, as leaving the loop does."""
AsyncLock = asyncio.Lock
Lock = threading.Lock


async def async_sleep(seconds: float) -> None:
    """Let other tasks work for so long."""
    await asyncio.sleep(seconds)


def sleep(seconds: float) -> None:
    """Wait for so long."""
    time.sleep(seconds)


async def async_call(function: Callable[[], T]) -> T:
    """Return what a function returns that blocks; other tasks work meanwhile."""
    return await asyncio.to_thread(function)


def call(function: Callable[[], T]) -> T:
    """Return what the function returns."""
    return function()


def async_owner() -> tuple[int, int]:
    """Name the process and the event loop that open connections belong to."""
    return os.getpid(), id(asyncio.get_running_loop())


def owner() -> tuple[int, int]:
    """Name the process that open connections belong to: a forked child must not use its parent's."""
    return os.getpid(), 0
