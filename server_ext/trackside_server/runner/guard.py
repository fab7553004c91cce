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

from trackside.tracking.clock import timestamp
from trackside.tracking.masking import NO_MASK, Mask
from trackside_server.isolation.groups import NO_GROUP
from trackside_server.runner import output, processes, record
from trackside_server.runner.crowd import CrowdWatch
from trackside_server.runner.escalation import Escalation
from trackside_server.runner.hide import Hiding
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
_LEAVE_PERIOD, _LEAVE_PATIENCE = 0.01, 2.0
_FIRST_COUNT = 0.05
_FIRST_MOMENTS = 0.02
"""Seconds that an attempt has run before that is written down: its interpreter has the machine first, and one that
ends before that is written down once, with its end."""
_TOGETHER = 0.05
"""What is due within so many seconds is done now: each waking costs more than what it does."""


class Guard:
    """One attempt under guard.

    ``roots`` answers the processes below which the whole tree hangs: direct children of this process, the main process
    included while it is not reaped. Whatever else stands in the attempt's control group belongs to it too.
    """

    def __init__(self, charge: Charge, roots: Callable[[], list[int]], now: float, mask: Mask = NO_MASK) -> None:
        self.charge = charge
        self._hiding = Hiding(charge, mask)
        self.over = False
        self.record: dict[str, object] | None = None
        self._folder = charge.folder
        self._children = roots
        self._group = charge.group
        self._escalation = Escalation()
        self._memory = MemoryWatch(charge.memory, charge.group if "memory" in charge.held else NO_GROUP)
        counted = charge.max_processes is None or "max_processes" in charge.held
        self._crowd = None if counted else CrowdWatch(charge.max_processes or 0)
        self._main_status: int | None = None
        self._main_runs = True
        self._main = int(charge.process["pid"]) if charge.process else 0
        self._due = {"stop": now, "memory": now + 0.1, "output": now + _OUTPUT_PERIOD}
        self._due["beat"] = now + _FIRST_MOMENTS + _TOGETHER
        self._unwritten = now + _FIRST_MOMENTS if charge.process is not None else None
        self._complained = False
        if self._crowd is not None:
            self._due["crowd"] = now + _FIRST_COUNT
        self._ended, self._ended_at = now, ""
        self._finish_again: float | None = None
        self._leave_by: float | None = None
        self._leave_again = now
        self._last_request: StopRequest | None = None

    @property
    def main(self) -> int:
        """The pid of the main process, 0 when it is not known."""
        return self._main

    def main_ended(self, wait_status: int | None, max_rss: int, now: float) -> None:
        """The main process was reaped; ``max_rss`` as ``getrusage`` gives it, 0 when unknown."""
        self._main_runs = False
        self._main_status = wait_status
        self._ended, self._ended_at = now, timestamp()
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
        if self._leave_by is not None:
            self._leave(now)
        elif self._finish_again is not None:
            self._finish(now)
        else:
            self._look_after(now)
        return None if self.over else self._next()

    def _look_after(self, now: float) -> None:
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
        elif self._unwritten is not None and now >= self._unwritten:
            self._write_running(now)

    def _write_running(self, now: float) -> None:
        """Write that the process runs; while that is not possible, looking after it matters more."""
        self._unwritten = None
        try:
            record.write_running(self.charge)
        except FileNotFoundError:
            pass  # the run was deleted under the job
        except OSError as error:  # a full disk, or the job itself holds meta.json: it must not hold us
            self._unwritten = now + _RETRY_PERIOD
            if not isinstance(error, TimeoutError) and not self._complained:
                self._complained = True
                print(f"{self._folder}: that it runs cannot be written yet: {error}", file=sys.stderr)  # noqa: T201

    def _is_due(self, what: str, now: float, period: float) -> bool:
        if now < self._due[what] - _TOGETHER:
            return False
        self._due[what] = now + period
        return True

    def _next(self) -> float:
        if self._leave_by is not None:
            return self._leave_again
        if self._finish_again is not None:
            return self._finish_again
        moments = [self._due[what] for what in ("stop", "output", "beat")]
        if self._main_runs:
            moments += [self._due[what] for what in ("memory", "crowd") if what in self._due]
            if self.charge.time is not None and self._escalation.stop is None:
                moments.append(self.charge.started + self.charge.time)
        if self._unwritten is not None:
            moments.append(self._unwritten)
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
        if self._crowd is not None and now >= self._due["crowd"]:
            excess, pause = self._crowd.look(self._roots())
            self._due["crowd"] = now + pause
            if excess is not None:
                self.stop(StopRequest("process_limit", excess, 0.0), now)

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
                self._group.kill()

    def _roots(self) -> list[int]:
        """Return where the tree begins; what left it stands in the group all the same."""
        return [*self._children(), *self._group.pids()]

    def _ask(self, pid: int, *, group: bool = False) -> None:
        if pid and processes.send(pid, signal.SIGTERM, group=group):
            processes.send(pid, signal.SIGCONT, group=group)

    def _finish(self, now: float) -> None:
        """Write the exit; a full disk is no reason to lose it, so try again until there is room."""
        if self._finish_again is not None and now < self._finish_again:
            return
        if not self._folder.attempts.is_dir():  # the run was deleted under the job: there is nobody to tell
            self._leave(now)
            return
        how: dict[str, object] = {
            **judge(self._facts()),
            "finished_at": self._ended_at,
            "duration_seconds": round(self._ended - self.charge.started, 6) if self.charge.started_at else None,
            "peak_memory": self._memory.peak,
        }
        try:
            self._hiding.hide(how)
            self.record = record.write_exit(self.charge, how)
        except OSError as error:
            print(f"{self._folder}: the exit cannot be written yet: {error}", file=sys.stderr)  # noqa: T201
            self._finish_again = now + _RETRY_PERIOD
        else:
            self._leave(now)

    def _leave(self, now: float) -> None:
        """Remove the group, which takes until the last process has finished dying; in vain, a server does it later."""
        self._leave_by = now + _LEAVE_PATIENCE if self._leave_by is None else self._leave_by
        self._leave_again = now + _LEAVE_PERIOD
        self.over = self._group.remove() or now >= self._leave_by

    def _facts(self) -> Facts:
        return Facts(
            self._main_status,
            self._escalation.stop,
            self._main_status == signal.SIGKILL and self._memory.kernel_killed(),
            _exception(os.path.join(self._folder.results, "exception.json")),
            self._memory.over_limit(),
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
