"""Processes as ``/proc`` shows them: who they are, whose children, how much memory, and how a whole tree is killed.

Where there is no ``/proc`` every question is answered with "none"; a job is then its process group.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import signal
from collections.abc import Callable, Iterable

__all__ = ["children", "descendants", "identity", "kill_tree", "memory", "own_children", "proportional_memory", "send"]

_PAGE = os.sysconf("SC_PAGE_SIZE")


def identity(pid: int) -> dict[str, int | float | str]:
    """Return what names exactly this process, in the form of ``trackside.probes.process.ProcessId``.

    That class does the same; it costs the template more memory than all of the template's own code.
    """
    stat = _read(f"/proc/{pid}/stat")
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
    return (_read("/proc/sys/kernel/random/boot_id") or b"").decode("ascii").strip()


def own_children() -> list[int]:
    """Return our direct children, zombies included; we have no threads."""
    listed = _read("/proc/thread-self/children")
    return children(os.getpid()) if listed is None else list(map(int, listed.split()))


def children(pid: int) -> list[int]:
    """Return the direct children of a process, zombies included."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            listed = _read(f"/proc/{pid}/task/{thread}/children")
            if listed is None:
                return _children_by_scan(pid) if thread == str(pid) and _has_no_lists() else found
            found.extend(map(int, listed.split()))
    except OSError:
        pass
    return found


@functools.cache
def _has_no_lists() -> bool:
    """Whether the kernel was built without the lists of children (CONFIG_PROC_CHILDREN)."""
    me = os.getpid()
    return _read(f"/proc/{me}/stat") is not None and _read(f"/proc/{me}/task/{me}/children") is None


def _children_by_scan(parent: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = _read(f"/proc/{name}/stat")
            if stat is not None and int(stat[stat.rindex(b")") + 2 :].split()[1]) == parent:
                found.append(int(name))
    return found


def descendants(roots: Iterable[int]) -> list[int]:
    """Return these processes and everything below them, parents first."""
    found = dict.fromkeys(roots)
    walk = list(found)
    for pid in walk:  # grows while it is walked
        fresh = [child for child in children(pid) if child not in found]
        found.update(dict.fromkeys(fresh))
        walk += fresh
    return walk


def memory(pids: Iterable[int]) -> int:
    """Return the resident bytes of these processes; memory that several share counts several times."""
    total = 0
    for pid in pids:
        statm = _read(f"/proc/{pid}/statm")
        if statm:
            total += int(statm.split(None, 2)[1]) * _PAGE
    return total


def proportional_memory(pids: Iterable[int]) -> int | None:
    """Return the bytes of these processes with shared memory counted once, None where the kernel does not tell.

    Costs about a millisecond per gigabyte.
    """
    total = 0
    for pid in pids:
        rollup = _read(f"/proc/{pid}/smaps_rollup")
        if rollup is None:
            if os.path.exists(f"/proc/{pid}"):
                return None
            continue
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


def _read(path: str) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        parts = []
        while part := os.read(descriptor, 65536):
            parts.append(part)
        return b"".join(parts)
    except OSError as error:
        if error.errno != errno.ESRCH:
            raise
        return None
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)
