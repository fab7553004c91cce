"""One server of a home schedules: the one that holds ``scheduler.lock``. The OS frees it when that server dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

__all__ = ["SchedulerLock"]


class SchedulerLock:
    """The home's scheduler lock; the holder's pid stands in the file."""

    def __init__(self, home: Path) -> None:
        self._path = home / "scheduler.lock"
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Take the lock if nobody has it; return whether this server has it now."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor
        return True

    def holder(self) -> int | None:
        """Return the pid of the server that has the lock, as far as the file tells."""
        try:
            return int(self._path.read_text())
        except (OSError, ValueError):
            return None

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
