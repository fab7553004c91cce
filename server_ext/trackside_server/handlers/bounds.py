"""How many requests one caller may send, so that a runaway loop leaves something of the server to others."""

from __future__ import annotations

import time
from collections.abc import Callable

from trackside.errors import TooManyRequests

__all__ = ["Bounds"]

_BURST = 10.0
"""Seconds' worth of requests that may come at once."""
_CALLERS = 1_000


class Bounds:
    """Counts requests by caller: ``per_second`` in the long run (0: any number), and for a moment ten times as many."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._callers: dict[str, tuple[float, float]] = {}
        """What each may still send, and when that was so; those heard of last stand last."""

    def take(self, caller: str) -> None:
        """Count one request; raise ``TooManyRequests`` when it is one too many."""
        if not self._per_second:
            return
        now, most = self._clock(), self._per_second * _BURST
        left, before = self._callers.pop(caller, (most, now))
        left = min(most, left + (now - before) * self._per_second)
        self._callers[caller] = (max(0.0, left - 1.0), now)
        if len(self._callers) > _CALLERS:
            del self._callers[next(iter(self._callers))]
        if left < 1.0:
            raise TooManyRequests(
                f"You send more than {self._per_second:g} requests a second.",
                hint="Wait a second; follow events and logs instead of asking again and again.",
            )
