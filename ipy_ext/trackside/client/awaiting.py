"""The few things that awaiting code does in its own way; ``trackside.client.waiting`` has the same names."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

__all__ = ["Flow", "Lock", "call", "owner", "sleep"]

T = TypeVar("T")

Flow = AsyncGenerator[T, None]
"""Values as they come; ``aclose()`` ends it and frees its connection."""
Lock = asyncio.Lock


async def sleep(seconds: float) -> None:
    """Let other tasks work for so long."""
    await asyncio.sleep(seconds)


async def call(function: Callable[[], T]) -> T:
    """Return what a function returns that blocks; other tasks work meanwhile."""
    return await asyncio.to_thread(function)


def owner() -> tuple[int, object]:
    """Return the process and the event loop that open connections belong to; the loop itself, for ids come again."""
    return os.getpid(), asyncio.get_running_loop()
