"""A process named so that no other process, now or later, can be taken for it."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ProcessId", "boot_id", "host_name"]

_DEAD_STATES = frozenset("ZXx")


@dataclass(frozen=True)
class ProcessId:
    """One process: pids come back, pid with start time, boot id and host do not.

    ``start_time`` is in clock ticks since boot on Linux and in seconds since the epoch elsewhere; it is there to be
    compared, not to be shown.
    """

    pid: int
    start_time: int | float
    boot_id: str
    host: str

    @classmethod
    def of(cls, pid: int | None = None) -> ProcessId:
        """Return the identity of the living process ``pid`` (default: this one).

        Raises ProcessLookupError when there is no such process.
        """
        number = os.getpid() if pid is None else pid
        found = _look_up(number)
        if found is None:
            raise ProcessLookupError(f"There is no process {number}.")
        return cls(number, found[1], boot_id(), host_name())

    @property
    def is_local(self) -> bool:
        """Whether this host can tell if the process lives; where False, ``is_alive`` being False proves nothing."""
        return self.host == host_name()

    def is_alive(self) -> bool:
        """Return whether exactly this process still runs here; a zombie is dead."""
        if self.host != host_name() or self.boot_id != boot_id():
            return False
        found = _look_up(self.pid)
        return found is not None and found[0] not in _DEAD_STATES and found[1] == self.start_time

    def to_dict(self) -> dict[str, int | float | str]:
        """Return the plain form that is written into JSON files."""
        return {"pid": self.pid, "start_time": self.start_time, "boot_id": self.boot_id, "host": self.host}

    @classmethod
    def from_dict(cls, fields: Mapping[str, object]) -> ProcessId:
        """Return the identity that ``to_dict`` wrote; other keys are passed over.

        Raises KeyError or TypeError when a part is missing or of another type.
        """
        pid, start_time, boot, host = (fields[key] for key in ("pid", "start_time", "boot_id", "host"))
        if not (
            isinstance(pid, int)
            and isinstance(start_time, (int, float))
            and isinstance(boot, str)
            and isinstance(host, str)
        ):
            raise TypeError(f"Not the identity of a process: {dict(fields)!r}.")
        return cls(pid, start_time, boot, host)


def host_name() -> str:
    """Return the name of this host."""
    return os.uname().nodename


@functools.cache
def boot_id() -> str:
    """Return the id of this start of the machine, an empty string where the system has none."""
    if sys.platform == "darwin":
        return _ask("sysctl", "-n", "kern.bootsessionuuid")
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().decode().strip()
    except OSError:
        return ""


def _look_up(pid: int) -> tuple[str, int | float] | None:
    """Return state letter and start time of a process, None when there is none."""
    if pid <= 0:
        return None
    if sys.platform == "darwin":
        return parse_ps(_ask("ps", "-o", "state=,lstart=", "-p", str(pid)))
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return parse_stat(stat)


def parse_stat(stat: bytes) -> tuple[str, int]:
    """Return state and start time from the content of ``/proc/<pid>/stat``; the command in it may hold anything."""
    fields = stat[stat.rindex(b")") + 2 :].split()
    return fields[0].decode("ascii"), int(fields[19])


def parse_ps(line: str) -> tuple[str, float] | None:
    """Return state and start time from a line of ``ps -o state=,lstart=``, None from an empty one."""
    import time

    state, _, started = line.strip().partition(" ")
    if not started:
        return None
    return state[0], time.mktime(time.strptime(started.strip(), "%a %b %d %H:%M:%S %Y"))


def _ask(*argv: str) -> str:
    import subprocess

    answer = subprocess.run(argv, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    return answer.stdout.strip()
