"""Which limit is enforced, and by what. A limit that nothing enforces is said to be so, never ignored."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

from trackside.models import Limit
from trackside_server.isolation.holes import can_punch

__all__ = ["report"]

_can_punch = functools.cache(can_punch)


def report(
    folder: Path,
    *,
    time: float | None = None,
    memory: int | None = None,
    cpus: float | None = None,
    max_output: int | None = None,
) -> list[Limit]:
    """Return each limit that was asked for; ``folder`` is on the file system of the output, and probed once."""
    asked = {"time": time, "memory": memory, "cpus": cpus, "max_output": max_output}
    engines = {
        "time": "runner",
        "memory": "watchdog" if sys.platform.startswith("linux") else "",
        "cpus": "",
        "max_output": "runner" if max_output is not None and _can_punch(folder) else "",
    }
    return [
        Limit(name, value, bool(engines[name]), engines[name]) for name, value in asked.items() if value is not None
    ]
