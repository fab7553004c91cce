"""What the machine is and does now, as clients see it."""

from __future__ import annotations

from trackside.models import GpuReport, SystemSample
from trackside_server.engine.core import Core

__all__ = ["gpus", "system"]


async def system(core: Core, *, details: bool = False) -> SystemSample:
    """Return the machine now, and what this home does on it; ``details``: also its disks, network and busy processes."""
    counts = await core.query(lambda reader: reader.counts())
    return await core.machine.system(core.board, counts, details=details)


async def gpus(core: Core) -> GpuReport:
    """Return the GPUs and who holds them."""
    return await core.machine.gpus(core.board)
