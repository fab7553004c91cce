"""Writes that must not be lost: what happened stays true while the disk of the store is full."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from trackside.errors import TryAgain
from trackside_server.engine.core import LOG, Core
from trackside_server.store import Tx

__all__ = ["insist"]

_T = TypeVar("_T")
_FIRST, _LONGEST = 0.5, 15.0


async def insist(core: Core, change: Callable[[Tx], _T]) -> _T:
    """Change the store, again and again until there is room; ends with the store itself."""
    pause = _FIRST
    while True:
        try:
            return await core.write(change)
        except TryAgain as error:
            if error.code == "store_closed":
                raise
            LOG.warning("%s It is tried again in %g s.", error, pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST)
