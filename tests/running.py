"""A local executor with a home of its own, driven by tests; its processes are real."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from trackside.models import Reason
from trackside.probes.process import ProcessId
from trackside_server.domain.attempt import AttemptRecord, Exit
from trackside_server.executors.base import AttemptRef, Ended, Launch, Launched, Lost, Observation, Started
from trackside_server.executors.local import LocalExecutor

__all__ = ["CANCEL", "Yard", "eventually", "kill", "python"]

_T = TypeVar("_T")
CANCEL = Reason("cancelled_by_user", "cancelled by user")
PLAIN = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


class Yard:
    """Runs attempts below ``root``. Use it as an async context: what is left running is killed at its end."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.changes: list[AttemptRef] = []
        self._news = asyncio.Event()
        self.seen: list[AttemptRecord] = []
        self.executor = self.another()

    def another(self, idle: float = 30.0) -> LocalExecutor:
        """Return one more executor on this home, as a second server would have it."""
        return LocalExecutor(self.home, self._changed, template_idle=idle)

    def _changed(self, ref: AttemptRef) -> None:
        self.changes.append(ref)
        self._news.set()
        self._news = asyncio.Event()

    async def __aenter__(self) -> Yard:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.executor.close()
        for record in self.seen:
            for process in (record.template, record.runner, record.process):
                if process is not None and process.is_alive():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process.pid, signal.SIGKILL)

    def ref(self, name: str, attempt: int = 1) -> AttemptRef:
        """Return an attempt with a run folder."""
        folder = self.home / "runs" / name
        folder.mkdir(parents=True, exist_ok=True)
        return AttemptRef(name, folder, attempt)

    def launch(self, argv: Sequence[str], name: str = "job-1", **more: Any) -> Launch:
        """Return a launch with what a test does not care about filled in."""
        given = {"environment": PLAIN, "workdir": self.home.parent, "ref": self.ref(name), **more}
        return Launch(argv=argv, **given)

    async def try_start(self, argv: Sequence[str], name: str = "job-1", **more: Any) -> Started:
        """Start an attempt and return what came of it."""
        started = await self.executor.start(self.launch(argv, name, **more))
        if isinstance(started, Launched):
            self.seen.append(started.record)
        return started

    async def start(self, argv: Sequence[str], name: str = "job-1", **more: Any) -> tuple[AttemptRef, AttemptRecord]:
        """Start an attempt that must begin."""
        started = await self.try_start(argv, name, **more)
        assert isinstance(started, Launched), started
        return more.get("ref") or self.ref(name), started.record

    async def told(self, ref: AttemptRef, kind: type[Observation], seconds: float = 15.0) -> Observation:
        """Wait until the executor calls for this attempt and it stands where it should; return that."""
        deadline = time.monotonic() + seconds
        while True:
            news = self._news.wait()
            if ref in self.changes and isinstance(seen := self.executor.look(ref), kind):
                news.close()
                return seen
            try:
                await asyncio.wait_for(news, deadline - time.monotonic())
            except TimeoutError:
                seen = self.executor.look(ref)
                raise AssertionError(f"waited {seconds:g} s for {kind.__name__}; last seen: {seen}") from None

    async def ended(self, ref: AttemptRef, seconds: float = 15.0) -> Exit:
        """Wait until the executor says that this attempt is over; return how it ended."""
        seen = await self.told(ref, Ended, seconds)
        assert isinstance(seen, Ended)
        assert seen.record.exit is not None
        return seen.record.exit

    async def run(self, argv: Sequence[str], name: str = "job-1", **more: Any) -> Exit:
        """Start an attempt and wait for its end."""
        ref, _ = await self.start(argv, name, **more)
        return await self.ended(ref)

    async def lost(self, ref: AttemptRef, seconds: float = 15.0) -> Lost:
        """Wait until the executor says that this attempt is lost."""
        seen = await self.told(ref, Lost, seconds)
        assert isinstance(seen, Lost)
        return seen


async def eventually(
    check: Callable[[], _T], what: str, seconds: float = 10.0, state: Callable[[], object] | None = None
) -> _T:
    """Return the first true answer of ``check``; fail with the last state when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        last = check()
        if last:
            return last
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s for {what}; last seen: {state() if state else last!r}")
        await asyncio.sleep(0.005)


async def kill(process: ProcessId | None, what: str) -> None:
    """Kill a process with SIGKILL and wait until it is dead."""
    assert process is not None
    print(f"kill -9 {process.pid} ({what})")
    os.kill(process.pid, signal.SIGKILL)
    await eventually(lambda: not process.is_alive(), f"the death of {what} {process.pid}")


def python(source: str) -> list[str]:
    """Return the command that runs this Python source without site packages."""
    return [sys.executable, "-I", "-S", "-c", source]
