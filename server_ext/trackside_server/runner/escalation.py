"""When a process tree that has to end is asked to, and when it is made to; pure."""

from __future__ import annotations

from typing import Literal

from trackside_server.runner.stop import StopRequest

__all__ = ["Escalation", "Step"]

Step = Literal["ask main", "ask rest", "kill"]
_KILL_AGAIN = 0.05
_KILL_AGAIN_SLOWLY = 1.0
_PATIENCE = 5.0
"""Seconds after which what does not die of KILL (stuck in the kernel) is killed at a slower pace."""


class Escalation:
    """The state of an ending: who wanted it, who was asked already, and when the asking is over.

    ``stop`` is the request that stands: the first; later ones can only shorten the time that is left.
    """

    def __init__(self) -> None:
        self.stop: StopRequest | None = None
        self._kill_at: float | None = None
        self._main_asked = False
        self._rest_asked = False
        self._killed_first: float | None = None

    @property
    def began(self) -> bool:
        """Whether the tree has to end."""
        return self._kill_at is not None

    @property
    def killed(self) -> bool:
        """Whether KILL was due already."""
        return self._killed_first is not None

    def request(self, request: StopRequest, now: float) -> None:
        """Somebody wants the attempt to stop."""
        if self.stop is None:
            self.stop = request
        self._kill_by(now + request.grace)

    def main_ended(self, now: float, grace: float) -> None:
        """The main process is gone; what it left behind has to go too."""
        self._kill_by(now + grace)

    def steps(self, now: float, *, main_runs: bool) -> list[Step]:
        """Return what is due now; each asking is due once, killing again and again until the tree is gone."""
        if self._kill_at is None:
            return []
        if now >= self._kill_at:
            self._killed_first = now if self._killed_first is None else self._killed_first
            slow = now - self._killed_first > _PATIENCE
            self._kill_at = now + (_KILL_AGAIN_SLOWLY if slow else _KILL_AGAIN)
            return ["kill"]
        if main_runs and not self._main_asked:
            self._main_asked = True
            return ["ask main"]
        if not main_runs and not self._rest_asked:
            self._rest_asked = True
            return ["ask rest"]
        return []

    def due_at(self) -> float | None:
        """Return when ``steps`` has something new to say; None while nothing has to end."""
        return self._kill_at

    def _kill_by(self, moment: float) -> None:
        self._kill_at = moment if self._kill_at is None else min(self._kill_at, moment)
