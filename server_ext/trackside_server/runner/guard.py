"""Looks after one attempt from the start of its main process to the end of its whole tree.

The runner has one guard; the template makes one for each attempt whose runner was killed. Neither waits in here: a loop
calls ``step`` whenever something happened or the time that the last ``step`` named is over.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable

from trackside_server.runner import output, processes, record
from trackside_server.runner.escalation import Escalation
from trackside_server.runner.memory import MemoryWatch
from trackside_server.runner.record import Charge
from trackside_server.runner.stop import StopRequest, read_stop
from trackside_server.runner.verdict import Facts, judge

__all__ = ["Guard"]

_STOP_PERIOD = 0.5
"""For requests that come without a signal: by hand, or from another host over a shared file system."""
_OUTPUT_PERIOD = 1.0
_BEAT_PERIOD = 30.0
_RETRY_PERIOD = 1.0
_TOGETHER = 0.05
"""What is due within so many seconds is done now: each waking costs more than what it does."""


class Guard:
    """One attempt under guard.

    ``roots`` answers the processes below which the whole tree hangs: direct children of this process, the main process
    included while it is not reaped. It is empty when nothing of the attempt is left.
    """

    def __init__(self, charge: Charge, roots: Callable[[], list[int]], now: float) -> None:
        self.charge = charge
        self.over = False
        self.record: dict[str, object] | None = None
        self._folder = charge.folder
        self._roots = roots
        self._escalation = Escalation()
        self._memory = MemoryWatch(charge.memory)
        self._main_status: int | None = None
        self._main_runs = True
        self._main = int(charge.process["pid"]) if charge.process else 0
        self._due = {"stop": now, "memory": now + 0.1, "output": now + _OUTPUT_PERIOD, "beat": now}
        self._ended, self._ended_at = now, ""
        self._finish_again: float | None = None
        self._last_request: StopRequest | None = None

    @property
    def main(self) -> int:
        """The pid of the main process, 0 when it is not known."""
        return self._main

    def main_ended(self, wait_status: int | None, max_rss: int, now: float) -> None:
        """The main process was reaped; ``max_rss`` as ``getrusage`` gives it, 0 when unknown."""
        self._main_runs = False
        self._main_status = wait_status
        self._ended, self._ended_at = now, record.now_utc()
        self._memory.heard(max_rss)
        self._escalation.main_ended(now, self.charge.grace)

    def stop(self, request: StopRequest, now: float) -> None:
        """End the attempt for this reason."""
        self._escalation.request(request, now)

    def wake(self, now: float) -> None:
        """Look for a stop request at the next step, not later."""
        self._due["stop"] = now

    def step(self, now: float) -> float | None:
        """Do what is due; return the moment of the next step, None when the attempt is over."""
        if self._finish_again is not None:
            self._finish(now)
            return None if self.over else self._finish_again
        if self._is_due("stop", now, _STOP_PERIOD):
            self._look_for_stop(now)
        if self._main_runs:
            self._keep_limits(now)
        if self._is_due("output", now, _OUTPUT_PERIOD) and self.charge.max_output:
            output.trim(self._folder.log, self.charge.max_output)
        if self._is_due("beat", now, _BEAT_PERIOD):
            with contextlib.suppress(OSError):
                record.beat(self.charge)
        self._escalate(now)
        if not self._main_runs and not self._roots():
            self._finish(now)
        return None if self.over else self._next()

    def _is_due(self, what: str, now: float, period: float) -> bool:
        if now < self._due[what] - _TOGETHER:
            return False
        self._due[what] = now + period
        return True

    def _next(self) -> float:
        if self._finish_again is not None:
            return self._finish_again
        moments = [self._due[what] for what in ("stop", "output", "beat")]
        if self._main_runs:
            moments.append(self._due["memory"])
            if self.charge.time is not None and self._escalation.stop is None:
                moments.append(self.charge.started + self.charge.time)
        killing = self._escalation.due_at()
        return min(moments if killing is None else [*moments, killing])

    def _look_for_stop(self, now: float) -> None:
        request = read_stop(self._folder.stop(self.charge.attempt), self.charge.grace)
        if request is not None and request != self._last_request:
            self._last_request = request
            self._escalation.request(request, now)

    def _keep_limits(self, now: float) -> None:
        charge = self.charge
        if charge.time is not None and now >= charge.started + charge.time and self._escalation.stop is None:
            message = f"ran longer than its time limit of {_duration(charge.time)}"
            self.stop(StopRequest("time_limit", message, charge.grace), now)
        if now >= self._due["memory"]:
            excess, pause = self._memory.look(self._roots())
            self._due["memory"] = now + pause
            if excess is not None:
                self.stop(StopRequest("out_of_memory", excess, 0.0), now)

    def _escalate(self, now: float) -> None:
        for step in self._escalation.steps(now, main_runs=self._main_runs):
            if step == "ask main":
                self._ask(self._main, group=True)
            elif step == "ask rest":
                for pid in processes.descendants(self._roots()):
                    self._ask(pid)
            else:
                if self._main_runs and self._main:  # where nobody lists children, the group is all of the tree we know
                    processes.send(self._main, signal.SIGSTOP, group=True)
                processes.kill_tree(self._roots)
                if self._main_runs and self._main:
                    processes.send(self._main, signal.SIGKILL, group=True)

    def _ask(self, pid: int, *, group: bool = False) -> None:
        if pid and processes.send(pid, signal.SIGTERM, group=group):
            processes.send(pid, signal.SIGCONT, group=group)

    def _finish(self, now: float) -> None:
        """Write the exit; a full disk is no reason to lose it, so try again until there is room."""
        if self._finish_again is not None and now < self._finish_again:
            return
        if not self._folder.attempts.is_dir():  # the run was deleted under the job: there is nobody to tell
            self.over = True
            return
        how: dict[str, object] = {
            **judge(self._facts()),
            "finished_at": self._ended_at,
            "duration_seconds": round(self._ended - self.charge.started, 6) if self.charge.started_at else None,
            "peak_memory": self._memory.peak,
        }
        try:
            self.record = record.write_exit(self.charge, how)
        except OSError as error:
            print(f"{self._folder}: the exit cannot be written yet: {error}", file=sys.stderr)  # noqa: T201
            self._finish_again = now + _RETRY_PERIOD
        else:
            self.over = True

    def _facts(self) -> Facts:
        return Facts(
            self._main_status,
            self._escalation.stop,
            self._main_status == signal.SIGKILL and self._memory.kernel_killed(),
            _exception(os.path.join(self._folder.results, "exception.json")),
        )


def _exception(path: str) -> str | None:
    """Return the exception that a cell left, as one line."""
    try:
        with open(path, "rb") as file:
            left = json.loads(file.read())
        return f"{left['type']}: {left['message']}" if left["message"] else str(left["type"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)
