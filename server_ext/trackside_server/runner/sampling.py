"""Writes ``system.jsonl`` for a job: what the machine did while it ran."""

from __future__ import annotations

import time
from collections.abc import Sequence

from trackside.tracking.folder import RunFolder

__all__ = ["Sampling"]

_FIRST = 1.0
_PERIOD = 10.0
_SHARE = 0.005
"""The most of one CPU that sampling may cost; a machine where a sample is dear gets fewer."""


class Sampling:
    """One run's samples, taken at a loop's own pace.

    What samples is loaded with the first one: short jobs never pay for it, and the start of no job waits for it.
    """

    def __init__(self, folder: RunFolder, gpus: Sequence[str], now: float) -> None:
        self._folder = folder
        self._gpus = gpus
        self._next = now + _FIRST

    def step(self, now: float) -> float:
        """Take a sample if it is time; return the moment of the next."""
        if now >= self._next:
            began = time.process_time()
            self._sample()
            self._next = now + max(_PERIOD, (time.process_time() - began) / _SHARE)
        return self._next

    def _sample(self) -> None:
        """Nothing is sampled until the tracking side offers a sampler."""
