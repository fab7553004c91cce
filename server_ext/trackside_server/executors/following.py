"""Follows an attempt that somebody else started: sleeps until a process that matters ends, then looks again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from trackside.probes.process import ProcessId
from trackside_server.executors.base import AttemptRef, Observation, Running, Starting
from trackside_server.executors.look import look
from trackside_server.executors.signals import open_pidfd

__all__ = ["follow", "gone"]

_SOON = 0.05
_LATEST = 1.0
_WITHOUT_PIDFD = 0.2
_ELSEWHERE = 2.0


async def follow(ref: AttemptRef, on_change: Callable[[AttemptRef], None]) -> None:
    """Call ``on_change`` when the attempt begins, if it has not, and when it is over or lost; then return."""
    seen = look(ref)
    began = isinstance(seen, Running)
    pause = _SOON
    while isinstance(seen, (Starting, Running)):
        if isinstance(seen, Running) and not began:
            began = True
            on_change(ref)
        process = _to_wait_for(seen)
        if process is not None:
            await gone(process)
            pause = _SOON
        else:  # its runner is dead; the template is about to write the exit
            await asyncio.sleep(pause if seen.record.runner.is_local else _ELSEWHERE)
            pause = min(pause * 1.5, _LATEST)
        seen = look(ref)
    on_change(ref)


def _to_wait_for(seen: Observation) -> ProcessId | None:
    """Return the process whose end is the next that can happen; None while polling must do."""
    if not isinstance(seen, Running):
        return None
    candidates = (seen.record.runner, seen.record.process)
    return next((process for process in candidates if process is not None and process.is_alive()), None)


async def gone(process: ProcessId) -> None:
    """Return when this process has ended."""
    descriptor = open_pidfd(process)
    if descriptor is None:
        while process.is_alive():  # noqa: ASYNC110  (no event tells)
            await asyncio.sleep(_WITHOUT_PIDFD)
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
