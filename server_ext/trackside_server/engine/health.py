"""What this server is."""

from __future__ import annotations

import os

from trackside.models import Health
from trackside_server.engine.core import Core

__all__ = ["health"]


async def health(core: Core) -> Health:
    """Return what this server is, and who schedules for its home."""
    return Health(
        ok=True,
        version=core.version,
        home=str(core.home),
        home_id=core.home_id,
        pid=os.getpid(),
        schedules=core.schedules,
        scheduler_pid=os.getpid() if core.schedules else core.scheduler_pid,
        scheduler_host=None if core.schedules else core.scheduler_host,
        warnings=[*core.warnings, *await core.machine.idle_kernels(core.board)],
    )
