"""Processes as ``/proc`` shows them: who they are, whose children, how much memory, and how a whole tree is killed.

Where there is no ``/proc`` every question is answered with "none"; a job is then its process group.
"""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Iterable

from trackside.probes.proc import children, descendants, memory, read

__all__ = ["children", "descendants", "identity", "kill_tree", "memory", "own_children", "proportional_memory", "send"]


def identity(pid: int) -> dict[str, int | float | str]:
    """Return what names exactly this process, in the form of ``trackside.probes.process.ProcessId``.

    That class does the same; it costs the template more memory than all of the template's own code.
    """
    stat = read(f"/proc/{pid}/stat")
    if stat is None:
        return _identity_elsewhere(pid)
    return {"pid": pid, "start_time": _start_time(stat), "boot_id": _boot_id(), "host": os.uname().nodename}


def _identity_elsewhere(pid: int) -> dict[str, int | float | str]:
    from trackside.probes.process import ProcessId

    return ProcessId.of(pid).to_dict()


def _start_time(stat: bytes) -> int:
    return int(stat[stat.rindex(b")") + 2 :].split()[19])


@functools.cache
def _boot_id() -> str:
    return (read("/proc/sys/kernel/random/boot_id") or b"").decode("ascii").strip()


def own_children() -> list[int]:
    """Return our direct children, zombies included; we have no threads."""
    listed = read("/proc/thread-self/children")
    return children(os.getpid()) if listed is None else list(map(int, listed.split()))


def proportional_memory(pids: Iterable[int]) -> int | None:
    """Return the bytes of these processes with shared memory counted once, None where the kernel does not tell.

    Costs about a millisecond per gigabyte.
    """
    total = 0
    for pid in pids:
        rollup = read(f"/proc/{pid}/smaps_rollup")
        if rollup is None:
            if memory([pid]):
                return None
            continue  # it is over: its place in /proc outlives its memory
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(b"Pss:")) * 1024
    return total


def send(pid: int, number: int, *, group: bool = False) -> bool:
    """Send a signal to a process or its group; False when it is gone or not ours to signal."""
    try:
        (os.killpg if group else os.kill)(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def kill_tree(roots: Callable[[], Iterable[int]]) -> list[int]:
    """Kill these processes and everything below them; what could not be signalled is returned.

    All are stopped first, again and again until no new one appears: a stopped process cannot fork away.
    """
    stopped: dict[int, bool] = {}
    while True:
        fresh = [pid for pid in descendants(roots()) if pid not in stopped]
        if not fresh:
            break
        for pid in fresh:
            stopped[pid] = send(pid, signal.SIGSTOP)
    for pid in stopped:
        send(pid, signal.SIGKILL)
    return [pid for pid, reached in stopped.items() if not reached]
