"""Which limit is enforced, and by what. A limit that nothing enforces is said to be so, never ignored.

Each engine is tried once per server, by ``engines``. What is said here is what a job may expect; what held is read back
for each job by its runner, and stands in its record.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import sys
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trackside.models import Limit
from trackside_server.isolation.bases import find_base
from trackside_server.isolation.groups import remove_leftovers
from trackside_server.isolation.holes import can_punch
from trackside_server.isolation.scopes import IN_SCOPE, scopes, why_no_scope

__all__ = ["ENGINE", "EngineFacts", "engines", "group_name", "prepare", "report", "wanted_engine"]

ENGINE = "TRACKSIDE_LIMITS_ENGINE"
"""The variable that forces an engine: ``systemd``, ``cgroup2``, ``cgroup1`` or ``watchdog``; else the best is taken."""
_GROUPS = ("systemd", "cgroup2", "cgroup1")
_IN_GROUPS = ("memory", "cpus", "cores", "max_iops", "max_processes")
_TRIAL_TIMEOUT = 5.0
_WATCHED = ("memory", "max_processes")
_DELEGATE = (
    "As root write '[Service]' and 'Delegate=cpu cpuset io memory pids' into "
    "/etc/systemd/system/user@.service.d/delegate.conf, run 'systemctl daemon-reload' and log in anew."
)

_can_punch = functools.cache(can_punch)
_TRIALS = "trackside-trial-"
"""How the names of groups begin that ``trial`` makes; one that was killed leaves its own."""
_trying = threading.Lock()


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """One engine on this machine: whether it works, which ``limits`` it holds, and in a sentence why not (all of them)."""

    name: str
    available: bool
    why: str
    limits: tuple[str, ...]


def wanted_engine() -> str:
    """Return the engine that was asked for, ``auto`` for the best that there is."""
    return os.environ.get(ENGINE) or "auto"


def engines() -> list[EngineFacts]:
    """Return what can hold limits on this machine, best first. Tries each at the first call: not for an event loop."""
    with _trying:
        return list(_tried())


@functools.cache
def _tried() -> tuple[EngineFacts, ...]:
    return (*map(_try_group, _GROUPS), _watchdog(), _affinity(), _runner())


def prepare(home: Path) -> threading.Thread:
    """Begin to try the engines, and to remove what killed keepers left of this home's groups, and killed trials.

    The thread holds nobody up: a server that ends meanwhile does not wait for it.
    """
    thread = threading.Thread(target=_prepare, args=(home,), name="trackside-limits", daemon=True)
    thread.start()
    return thread


def _prepare(home: Path) -> None:
    engines()
    with contextlib.suppress(OSError):  # where there are no control groups there are no leftovers
        remove_leftovers(_prefix(home))
        remove_leftovers(_TRIALS)


def group_name(home: Path, job_id: str, attempt: int) -> str:
    """Return the name of an attempt's control group, the same whoever asks."""
    return f"{_prefix(home)}{job_id}.{attempt}"


def report(
    folder: Path,
    *,
    time: float | None = None,
    memory: int | None = None,
    cpus: float | None = None,
    cores: Sequence[int] = (),
    max_iops: int | None = None,
    max_output: int | None = None,
    max_processes: int | None = None,
) -> list[Limit]:
    """Return each limit that was asked for; ``folder`` is on the file system of the output, and probed once.

    Never waits: while the engines are being tried, it says only what is certain without them.
    """
    asked = {"time": time, "memory": memory, "cpus": cpus, "cores": len(cores) or None, "max_iops": max_iops}
    asked |= {"max_output": max_output, "max_processes": max_processes}
    if not any(value is not None for value in asked.values()):
        return []
    by = _expected()
    if max_output is not None and not _can_punch(folder):
        by.pop("max_output", None)
    return [Limit(name, value, name in by, by.get(name, "")) for name, value in asked.items() if value is not None]


def _expected() -> dict[str, str]:
    """Return what will hold each limit, as far as is known by now."""
    wanted = wanted_engine()
    known = _tried() if _tried.cache_info().currsize else (_watchdog(), _affinity(), _runner())
    usable = [
        facts for facts in known if facts.available and (facts.name not in _GROUPS or wanted in {"auto", facts.name})
    ]
    groups = [facts for facts in usable if facts.name in _GROUPS][:1]
    others = [facts for facts in usable if facts.name not in _GROUPS]
    by: dict[str, str] = {}
    for facts in (*groups, *others):
        for limit in facts.limits:
            by.setdefault(limit, facts.name)
    return by


def _try_group(engine: str) -> EngineFacts:
    if not sys.platform.startswith("linux"):
        return EngineFacts(engine, False, "Control groups are a part of Linux.", ())
    found = why_no_scope() if engine == "systemd" else find_base(engine)
    why = found if isinstance(found, str) else None
    held, said = ((), why) if why is not None else _trial(engine, scopes()[0] if engine == "systemd" else [])
    missing = [limit for limit in _IN_GROUPS if limit not in held]
    if held and missing:
        said = f"It does not hold {' and '.join(missing)} here."
        said += f" {_DELEGATE}" if engine == "systemd" and os.geteuid() else ""
    return EngineFacts(engine, bool(held), said, held)


def _trial(engine: str, prefix: list[str]) -> tuple[tuple[str, ...], str]:
    """Return which limits held, and why not all of them."""
    argv = [*prefix, sys.executable, "-I", "-S", str(Path(__file__).with_name("trial.py")), engine]
    environment = {**os.environ, IN_SCOPE: "1"} if prefix else {k: v for k, v in os.environ.items() if k != IN_SCOPE}
    try:
        done = subprocess.run(
            argv,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TRIAL_TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        told = json.loads(done.stdout)
        held = tuple(limit for limit in _IN_GROUPS if limit in told.get("held", ()))
    except (OSError, subprocess.TimeoutExpired) as error:
        return (), f"It could not be tried: {error}."
    except ValueError:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        return (), f"It could not be tried: {last[0]}."
    return held, str(told.get("why", ""))


def _watchdog() -> EngineFacts:
    if sys.platform.startswith("linux"):
        return EngineFacts("watchdog", True, "It looks at the job's processes many times a second.", _WATCHED)
    return EngineFacts("watchdog", False, "It needs /proc.", ())


def _affinity() -> EngineFacts:
    if hasattr(os, "sched_setaffinity"):
        return EngineFacts("affinity", True, "It binds the job's first process; a job could undo it.", ("cores",))
    return EngineFacts("affinity", False, "This system binds no processes to cores.", ())


def _runner() -> EngineFacts:
    return EngineFacts("runner", True, "", ("time", "max_output"))


def _prefix(home: Path) -> str:
    return f"trackside-{zlib.crc32(os.path.realpath(home).encode()):08x}-"
