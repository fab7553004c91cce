"""Where requests wait while the home is being opened."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from trackside.errors import TracksideError, TryAgain

if TYPE_CHECKING:
    from trackside_server.engine.core import Core

__all__ = ["Entrance"]

_PATIENCE = 30.0
"""Seconds that a request waits for the home to be opened."""


class Entrance:
    """Closed at first; then it admits to the engine's core, or says why it never will."""

    def __init__(self) -> None:
        self._decided = asyncio.Event()
        self._core: Core | None = None
        self._refusal: TracksideError | None = None
        self._last = time.monotonic()

    def seconds_quiet(self) -> float:
        """Return the seconds since the last request."""
        return time.monotonic() - self._last

    def admit(self, core: Core) -> None:
        """Open."""
        self._core = core
        self._decided.set()

    def refuse(self, why: TracksideError) -> None:
        """Stay closed, and say why to everybody."""
        self._refusal = why
        self._decided.set()

    async def enter(self) -> Core:
        """Return the core, waiting for it if need be."""
        self._last = time.monotonic()
        if self._core is None:
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._decided.wait()
            except TimeoutError:
                raise TryAgain("Trackside is still starting.", hint="Try again in a moment.") from None
        if self._core is None:
            assert self._refusal is not None
            raise self._refusal
        return self._core
