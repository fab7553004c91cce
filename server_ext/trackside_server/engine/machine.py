"""The machine now, sampled once for all who ask."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from trackside.models import Gpu, GpuHolder, GpuReport, SystemSample
from trackside.probes.gpus import GpuFacts, Nvml, find_gpus
from trackside_server.domain import plan
from trackside_server.engine.board import Board

if TYPE_CHECKING:
    from trackside.probes.host import HostSample

__all__ = ["MachineProbe"]

_FRESH = 0.9
"""Seconds for which a sample serves everybody."""
_FOREIGN_FOR = 5.0
"""Seconds after which a GPU that somebody else held is tried again."""


class MachineProbe:
    """Samples host and GPUs at most once a second, and only when somebody asks."""

    def __init__(self, home: Path, cpus: float | None = None) -> None:
        self._home = home
        self._gpu_probe = find_gpus()
        self._facts: list[GpuFacts] = []
        self._host: HostSample | None = None
        self._foreign: dict[str, tuple[str, float]] = {}
        self._sampled_at = -1e9
        self._lock = asyncio.Lock()
        self.cpus = cpus or float(_cpus())

    @property
    def has_gpus(self) -> bool:
        """Whether an NVIDIA driver answers here."""
        return isinstance(self._gpu_probe, Nvml)

    async def gpu_facts(self, *, fresh: bool = False) -> list[GpuFacts]:
        """The GPUs, from the last sample if it is young enough."""
        if self.has_gpus:
            await self._sample(fresh=fresh)
        return self._facts

    async def machine(self) -> plan.Machine:
        """What there is to give out, for the plan."""
        facts = await self.gpu_facts()
        now = time.monotonic()
        foreign = {uuid: said for uuid, (said, until) in self._foreign.items() if until > now}
        return plan.Machine(
            self.cpus,
            tuple(plan.Gpu(gpu.uuid, gpu.name, gpu.memory_total, foreign.get(gpu.uuid, "")) for gpu in facts),
        )

    def set_foreign(self, uuids: Iterable[str], said: str) -> None:
        """Leave GPUs out of the plan for a while: somebody outside this home holds them."""
        until = time.monotonic() + _FOREIGN_FOR
        self._foreign.update(dict.fromkeys(uuids, (said, until)))

    async def gpus(self, board: Board) -> GpuReport:
        """The GPUs with who holds them."""
        facts = await self.gpu_facts()
        return GpuReport([_gpu(fact, board) for fact in facts], self._gpu_probe.message)

    async def system(self, board: Board, counts: dict[str, int]) -> SystemSample:
        """The machine and what this home does on it."""
        host = await self._sample()
        report = await self.gpus(board)
        return SystemSample(
            at=datetime.now(UTC),
            cpu_count=os.cpu_count() or 1,
            cpu_percent=host.cpu_percent,
            memory_total=host.memory_total,
            memory_used=host.memory_used,
            disk_total=host.disk_total,
            disk_used=host.disk_used,
            cpus_held=sum(job.cpus for job in board.running()),
            jobs=counts,
            gpus=report.gpus,
            gpu_message=report.message,
        )

    async def _sample(self, *, fresh: bool = False) -> HostSample:
        async with self._lock:
            if fresh or self._host is None or time.monotonic() - self._sampled_at > _FRESH:
                self._host = await asyncio.to_thread(self._read)
                self._sampled_at = time.monotonic()
            return self._host

    def _read(self) -> HostSample:
        from trackside.probes.host import sample_host

        if self.has_gpus:
            self._facts = self._gpu_probe.sample()
        return sample_host(self._home)


def _gpu(fact: GpuFacts, board: Board) -> Gpu:
    holders = [
        GpuHolder("job", job.name, id=job.id, until=job.ends_by, share=job.gpu_share)
        for job in board.running()
        if fact.uuid in job.gpus
    ]
    return Gpu(
        fact.index,
        fact.uuid,
        fact.name,
        fact.memory_total,
        fact.memory_used,
        fact.utilization,
        fact.temperature,
        fact.power,
        free=not holders,
        holders=holders,
    )


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
