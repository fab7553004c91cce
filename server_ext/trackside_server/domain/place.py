"""How a host is named within a file name."""

from __future__ import annotations

import re

from trackside.probes.process import host_name

__all__ = ["host_part"]


def host_part() -> str:
    """Return this host's name with nothing in it that a file name may not hold: homes may be seen by several hosts."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", host_name())[:64] or "host"
