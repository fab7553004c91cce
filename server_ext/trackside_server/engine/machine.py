"""The machine now, sampled once for all who ask."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackside.models import Gpu, GpuHolder, GpuReport, SystemSample
from trackside.models.system import BusyProcess, Disk, Network
from trackside.probes.ancestry import owner
from trackside.probes.gpus import GpuFacts, Nvml, find_gpus
from trackside.probes.host import HostSample, sample_host
from trackside.probes.proc import memory_of_container
from trackside_server.domain.gpus import Machine
from trackside_server.engine.board import Board
from trackside_server.engine.holders import Kernel, Surroundings, holders_of, idle_warnings, planned
from trackside_server.isolation.gpu_locks import Note, living_notes

if TYPE_CHECKING:
    from trackside.probes.details import DetailProbe

__all__ = ["FOREIGN_GPU_MEMORY", "MachineProbe"]

FOREIGN_GPU_MEMORY = 256 << 20
"""Bytes that a process outside Trackside may have on a GPU that still counts as free."""
_FRESH = 0.9
"""Seconds for which a sample serves everybody."""
_REFUSED_FOR = 1.0
"""Seconds after which a GPU whose lock somebody else held is tried again."""
_LOOK_AGAIN, _LOOK_AGAIN_SOON = 5.0, 1.0
"""Seconds after which a queue that did not move is looked at again; soon where somebody outside this home holds a GPU."""


async def _no_kernels() -> list[Kernel]:
    return []


@dataclass(frozen=True, slots=True)
class _Sample:
    """What was seen at one moment."""

    host: HostSample
    gpus: Sequence[GpuFacts] = ()
    notes: Sequence[Note] = ()
    kernels: Sequence[Kernel] = ()


class MachineProbe:
    """Samples host and GPUs at most once a second, and only when somebody asks. NVML is asked in threads.

    ``kernels`` answers the kernels of this server; ``threshold`` is the memory below which a program does not count.
    ``look_again`` is after how many seconds a queue that did not move is worth another look: GPUs outside this home come
    free unannounced.
    """

    def __init__(
        self,
        home: Path,
        home_id: str = "",
        cpus: float | None = None,
        threshold: int = FOREIGN_GPU_MEMORY,
        kernels: Callable[[], Awaitable[list[Kernel]]] | None = None,
    ) -> None:
        self.cpus = cpus or float(_cpus())
        self.memory = _memory()
        self._cores = _cores()
        self._home = home
        self._home_id = home_id
        self._kernels = kernels or _no_kernels
        self._threshold = threshold
        self._gpu_probe = find_gpus()
        self._gpu_versions = ""
        self._last: _Sample | None = None
        self._sampled_at = -1e9
        self._leases: frozenset[str] = frozenset()
        self._refused: dict[str, float] = {}
        self.look_again = _LOOK_AGAIN
        self._lock = asyncio.Lock()
        self._closer = threading.Lock()
        self._details: DetailProbe | None = None

    @property
    def has_gpus(self) -> bool:
        """Whether an NVIDIA driver answers here."""
        return isinstance(self._gpu_probe, Nvml)

    @property
    def gpu_versions(self) -> str:
        """The versions of driver and NVML in words; empty without a driver and until it was asked for the first time."""
        return self._gpu_versions

    @property
    def gpu_message(self) -> str:
        """Why there is no GPU; empty where there are some."""
        return self._gpu_probe.message

    async def machine(self, board: Board) -> Machine:
        """What there is to give out, for the plan; what a job has just given back is looked at anew."""
        if not self.has_gpus:
            return Machine(self.cpus, memory=self.memory, cores=self._cores)
        leases = frozenset(job.id for job in board.running() if job.gpus)
        over, self._leases = self._leases - leases, leases
        held = await self.holders(board, fresh=bool(over))
        now, tried = datetime.now(UTC), time.monotonic()
        gpus = [
            planned(gpu, holders, now, refused=self._refused.get(gpu.uuid, 0.0) > tried)
            for gpu, holders in held
            if gpu.memory_total  # one that never answered cannot be named either
        ]
        self.look_again = _LOOK_AGAIN_SOON if any(gpu.foreign for gpu in gpus) else _LOOK_AGAIN
        return Machine(self.cpus, tuple(gpus), self.memory, self._cores)

    def set_refused(self, uuids: Iterable[str]) -> None:
        """Leave GPUs out of the plan for a while, unless the next look shows who holds them: a lock was found held."""
        self._sampled_at = -1e9
        until = time.monotonic() + _REFUSED_FOR
        self._refused.update(dict.fromkeys(uuids, until))

    async def holders(self, board: Board, *, fresh: bool = False) -> list[tuple[GpuFacts, list[GpuHolder]]]:
        """All GPUs, each with who holds it."""
        if not self.has_gpus:
            return []
        sample = await self._sample(fresh=fresh)
        jobs = [job for job in board.running() if job.gpus]
        records = [record for record in (board.get(job.id) for job in jobs) if record is not None]
        known = Surroundings(
            self._home_id,
            owner(os.getpid()),
            self._threshold,
            jobs,
            {record.id: record.started_at for record in records if record.started_at is not None},
            sample.notes,
            sample.kernels,
        )
        return [(gpu, holders_of(gpu, known)) for gpu in sample.gpus]

    async def gpus(self, board: Board) -> GpuReport:
        """The GPUs with who holds them."""
        held = await self.holders(board)
        faults = " ".join(
            f"GPU {gpu.index} ({gpu.name}) is not handed out: {gpu.error}." for gpu, _ in held if gpu.error
        )
        return GpuReport([_gpu(*each) for each in held], self.gpu_message or faults)

    async def idle_kernels(self, board: Board) -> list[str]:
        """A sentence for each kernel that keeps a GPU and does nothing."""
        return list(idle_warnings(await self.holders(board), datetime.now(UTC)))

    async def system(self, board: Board, counts: dict[str, int], *, details: bool = False) -> SystemSample:
        """The machine and what this home does on it; ``details``: also its disks, its network, its busiest processes."""
        more = await asyncio.to_thread(self._look_closer) if details else {}
        host = (await self._sample()).host
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
            **more,
        )

    def _look_closer(self) -> dict[str, Any]:
        from trackside.probes.details import DetailProbe, disks, network  # psutil is loaded for those who ask

        with self._closer:
            self._details = self._details or DetailProbe()
            return {
                "disks": [Disk(*each) for each in disks()],
                "network": Network(*network()),
                "processes": [BusyProcess(*each) for each in self._details.busiest()],
            }

    async def _sample(self, *, fresh: bool = False) -> _Sample:
        async with self._lock:
            if fresh or self._last is None or time.monotonic() - self._sampled_at > _FRESH:
                kernels = await self._kernels() if self.has_gpus else []
                self._last = await asyncio.to_thread(self._read, kernels)
                self._sampled_at = time.monotonic()
            return self._last

    def _read(self, kernels: Sequence[Kernel]) -> _Sample:
        host = sample_host(self._home)
        if not self.has_gpus:
            return _Sample(host)
        notes = living_notes()  # before the processes: one that starts between them is not taken for a stranger
        gpus = self._gpu_probe.sample()
        self._gpu_versions = self._gpu_versions or self._gpu_probe.versions()
        return _Sample(host, gpus, [*notes, *(note for note in living_notes() if note not in notes)], kernels)


def _gpu(fact: GpuFacts, holders: list[GpuHolder]) -> Gpu:
    return Gpu(
        fact.index,
        fact.uuid,
        fact.name,
        fact.memory_total,
        fact.memory_used,
        fact.utilization,
        fact.temperature,
        fact.power,
        free=not holders and not fact.error,
        holders=holders,
        error=fact.error,
    )


def _cores() -> frozenset[int] | None:
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def _cpus() -> int:
    return len(_cores() or ()) or os.cpu_count() or 1


def _memory() -> int:
    """Return the bytes that processes here can have: those of the machine, or of the container around us if fewer."""
    found = [bytes_ for bytes_ in (_physical_memory(), memory_of_container()) if bytes_]
    return min(found, default=0)


def _physical_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
