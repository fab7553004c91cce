"""An attempt whose runner was killed, looked after by the template."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable

from trackside.tracking.clock import timestamp
from trackside_server.isolation import gpu_locks
from trackside_server.runner import processes, record
from trackside_server.runner.guard import Guard
from trackside_server.runner.reaping import Reaped
from trackside_server.runner.record import Charge
from trackside_server.runner.stop import StopRequest

__all__ = ["Adopted", "belongs"]


class Adopted:
    """One adopted attempt: its guard, our copies of its GPU locks, and which of our children belong to it.

    ``wait_status`` and ``max_rss`` are those of the main process where the runner could tell them.
    """

    def __init__(
        self, charge: Charge, locks: list[int], share_out: Callable[[], None], wait_status: int | None, max_rss: int
    ) -> None:
        self.pids: set[int] = set()
        self.due = 0.0
        self.charge = charge
        self._locks = locks
        self._share_out = share_out
        self._told = (wait_status, max_rss)
        self._guard: Guard | None = None

    def _begin(self) -> Guard:
        now = time.monotonic()
        guard = Guard(self.charge, self._roots, now)
        wait_status, max_rss = self._told
        if wait_status is not None:
            guard.main_ended(wait_status, max_rss, now)
        elif self.charge.process is None:  # the claim is ours, the process never ran
            guard.stop(StopRequest("start_failed", "its runner was killed before it started the job", 0.0), now)
            guard.main_ended(None, 0, now)
        elif guard.main not in self.pids:
            guard.main_ended(None, 0, now)
        return guard

    def take(self, pids: list[int]) -> None:
        """Take what the killed runner left; where it could not tell which is the main process, it had just this one."""
        self.pids.update(pids)
        if self.charge.process is not None or not pids:
            return
        main = min(self.pids, key=lambda pid: (os.getsid(pid) != pid, pid))
        self.charge = self.charge._replace(
            process=processes.identity(main), started=time.monotonic(), started_at=timestamp()
        )
        with contextlib.suppress(OSError):
            record.write_running(self.charge)

    def add(self, pid: int) -> None:
        """This child of ours belongs to it."""
        self.pids.add(pid)

    def child_ended(self, ended: Reaped) -> None:
        """A child of ours ended; it may be one of this attempt."""
        if ended.pid not in self.pids:
            return
        self.pids.discard(ended.pid)
        if self._guard is None:
            if self.charge.process is not None and ended.pid == self.charge.process["pid"]:
                self._told = (ended.wait_status, ended.max_rss)
        elif ended.pid == self._guard.main:
            self._guard.main_ended(ended.wait_status, ended.max_rss, time.monotonic())

    def wake(self) -> None:
        """Look for a stop request at the next step."""
        self.due = now = time.monotonic()
        if self._guard is not None:
            self._guard.wake(now)

    def step(self) -> bool:
        """Do what is due; True when the attempt is over and its locks are released."""
        if self._guard is None:
            self._guard = self._begin()
        due = self._guard.step(time.monotonic())
        if due is not None:
            self.due = due
            return False
        if self.charge.gpus:
            gpu_locks.remove_note(self.charge.runner)
        for descriptor in self._locks:
            os.close(descriptor)
        return True

    def _roots(self) -> list[int]:
        self._share_out()
        return list(self.pids)


def belongs(pid: int, charge: Charge) -> bool:
    """Whether this process is of that attempt: its main process, one in its group, or one whose environment says so."""
    if charge.process is not None and charge.process["pid"] == pid:
        return True
    if pid in charge.group.pids():
        return True
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            variables = file.read().split(b"\0")
    except OSError:
        return False
    attempt = f"TRACKSIDE_ATTEMPT={charge.attempt}".encode()
    return os.fsencode(f"TRACKSIDE_RUN_DIR={charge.run_dir}") in variables and attempt in variables
