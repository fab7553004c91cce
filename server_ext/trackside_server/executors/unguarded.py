"""Ends an attempt that nobody looks after any more: runner and template were both killed, its process runs on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from trackside.probes.process import ProcessId
from trackside_server.executors.base import AttemptRef
from trackside_server.executors.following import gone
from trackside_server.executors.signals import send
from trackside_server.isolation.limits import group_name
from trackside_server.runner import processes

__all__ = ["end_rest", "end_unguarded"]


async def end_unguarded(ref: AttemptRef, process: ProcessId | None, grace: float) -> None:
    """Ask the process group of this main process to end, wait for ``grace`` seconds, then kill what is left.

    None is a process that was not written down yet when its runner was killed: what carries the attempt's name is killed.
    """
    if process is None:
        await asyncio.to_thread(end_rest, ref)
        return
    if send(process, signal.SIGCONT):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)  # it leads its own group
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(grace):
            await gone(process)
    main = [process.pid] if process.is_alive() else []
    processes.kill_tree(lambda: [*main, *_tagged(ref)])


def end_rest(ref: AttemptRef) -> None:
    """Kill what is left of an attempt whose main process, runner and template are all gone."""
    processes.kill_tree(lambda: _tagged(ref))


def _tagged(ref: AttemptRef) -> list[int]:
    """Return the processes that belong to this attempt by their environment or by their group, orphans included."""
    wanted = {os.fsencode(f"TRACKSIDE_RUN_DIR={ref.run_dir}"), f"TRACKSIDE_ATTEMPT={ref.attempt}".encode()}
    group = f"/{group_name(ref.run_dir.parent.parent, ref.job_id, ref.attempt)}\n".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            variables = set((folder / "environ").read_bytes().split(b"\0"))
            if wanted <= variables or group in (folder / "cgroup").read_bytes():
                found.append(int(folder.name))
    return found
