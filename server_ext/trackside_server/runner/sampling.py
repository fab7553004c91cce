"""Writes ``system.jsonl`` for a job: what the machine and the job's tree did while it ran."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from trackside.tracking.folder import RunFolder
from trackside.tracking.lines import append_record
from trackside.tracking.samples import Sampler

__all__ = ["Sampling"]

_BEGIN = 0.5
_FIRST = 0.5
_PERIOD = 10.0
_SHARE = 0.0005
"""The most of one CPU that sampling may cost; on a machine where a sample is dear there are fewer."""


class Sampling:
    """The samples of one attempt, taken at a loop's own pace; ``pid`` is its main process.

    The first comes half a second after the start: short jobs never pay for it, and no start waits for it.
    """

    def __init__(self, folder: RunFolder, pid: int, gpus: Sequence[str], now: float) -> None:
        self._folder = folder
        self._pid = pid
        self._gpus = gpus
        self._sampler: Sampler | None = None
        self._next = now + _BEGIN

    def step(self, now: float) -> float:
        """Take a sample if it is time; return the moment of the next."""
        if now < self._next:
            return self._next
        try:
            self._next = now + self._sample()
        except Exception as error:  # noqa: BLE001  (a sample is a comfort; the job is what must be looked after)
            print(f"{self._folder}: the machine cannot be sampled: {error!r}", file=sys.stderr)  # noqa: T201
            self._next = float("inf")
        return self._next

    def _sample(self) -> float:
        """Take one sample; return the seconds until the next."""
        if self._sampler is None:
            self._sampler = Sampler([self._pid], self._gpus)
            self._sampler.sample()  # shares of CPU need a sample before
            return _FIRST
        began = time.process_time()
        append_record(self._folder.system, self._sampler.sample())
        return max(_PERIOD, (time.process_time() - began) / _SHARE)
