"""The loops under way in each thread: one within another is a part of the step that the outer one is at."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass

__all__ = ["Loop", "around"]


@dataclass(eq=False)
class Loop:
    """One loop: ``done`` of ``total`` steps (None: unknown) since ``began`` (of the monotonic clock)."""

    label: str = ""
    total: float | None = None
    began: float = 0.0
    first: float = 0
    done: float = 0
    inner: Loop | None = None

    @property
    def part(self) -> float:
        """How much of the step under way is done, 0 to 1: what the loop within has done of its own."""
        inner = self.inner
        if inner is None or not inner.total:
            return 0.0
        return max(0.0, min(1.0, (inner.done + inner.part) / inner.total))

    def rate(self, now: float) -> float | None:
        """Return steps per second since the loop began; None where nothing is done yet."""
        done = self.done + self.part - self.first
        return done / (now - self.began) if done > 0 and now > self.began else None

    def step(self) -> None:
        """One more step is done, and whatever ran within it is over."""
        self.done += 1
        self.inner = None


_here = threading.local()


def around() -> list[Loop]:
    """Return the loops of this thread, outermost first; in a forked child those of its parent are none of its own."""
    if getattr(_here, "pid", None) != os.getpid():
        _here.pid, _here.loops = os.getpid(), list[Loop]()
    loops: list[Loop] = _here.loops
    return loops
