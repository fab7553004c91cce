"""Samples the machine into ``system.jsonl`` from a thread, for a run without a job."""

from __future__ import annotations

import os
import threading

from trackside.tracking.folder import RunFolder
from trackside.tracking.lines import append_record
from trackside.tracking.losses import Losses

__all__ = ["INTERVAL", "SamplerThread"]

INTERVAL = 10.0
_FIRST = 0.5


class SamplerThread:
    """Samples this process and the machine into ``system.jsonl`` until it is stopped."""

    def __init__(self, folder: RunFolder, losses: Losses, interval: float = INTERVAL) -> None:
        self._folder = folder
        self._losses = losses
        self._interval = interval
        self._pid = os.getpid()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trackside-sampler", daemon=True)

    def start(self) -> None:
        """Begin to sample; the first record comes after half a second, or when it is stopped earlier."""
        self._thread.start()

    def stop(self, timeout: float = 2.0) -> None:
        """Take a last sample and end; at once in a forked child, which has no such thread."""
        self._stopping.set()
        if self._pid == os.getpid():
            self._thread.join(timeout)

    def _run(self) -> None:
        from trackside.tracking.samples import Sampler

        sampler = Sampler([self._pid])
        try:
            sampler.sample()  # shares of CPU need a sample before
        except OSError as error:
            self._losses.say("sampling", f"{self._losses.what}: the machine cannot be sampled: {error}")
            return
        wait = min(_FIRST, self._interval)
        while True:
            stopped = self._stopping.wait(wait)
            try:
                append_record(self._folder.system, sampler.sample())
            except OSError as error:
                self._losses.add(error)
            if stopped:
                return
            wait = self._interval
