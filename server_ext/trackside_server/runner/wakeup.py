"""Signals as bytes on a descriptor, so that one poll waits for everything."""

from __future__ import annotations

import os
import signal

__all__ = ["Wakeup"]


class Wakeup:
    """Collects these signals while it exists; ``descriptor`` is readable when one came."""

    def __init__(self, *numbers: int) -> None:
        self.descriptor, self._write = os.pipe()
        os.set_blocking(self.descriptor, False)
        os.set_blocking(self._write, False)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, _note)
            signal.siginterrupt(number, False)

    def signals(self) -> set[int]:
        """Return the signals that came since the last call."""
        try:
            return set(os.read(self.descriptor, 4096))
        except BlockingIOError:
            return set()


def _note(number: int, frame: object) -> None:
    """The descriptor is enough; a handler must be there for it to be written."""
