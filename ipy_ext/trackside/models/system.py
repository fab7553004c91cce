"""The machine as probes see it."""

from __future__ import annotations

from datetime import datetime

import msgspec

__all__ = ["BusyProcess", "Disk", "Gpu", "GpuHolder", "GpuReport", "Health", "Network", "SystemSample"]


class GpuHolder(msgspec.Struct, frozen=True):
    """Who holds a GPU or, of a job, a ``share`` of it; ``memory`` is what a kernel or process has on it, in bytes.

    ``kind`` is ``job``, ``kernel`` (of this server; ``label`` is its notebook), ``process`` (another program, without a
    lease), ``other`` (a job of another home) or ``unseen`` (memory is in use, and NVML lists no process).
    """

    kind: str
    label: str
    id: str | None = None
    user: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    idle_since: datetime | None = None
    share: float = 1.0
    pid: int | None = None
    memory: int | None = None


class Gpu(msgspec.Struct, frozen=True):
    """One GPU or MIG instance. Memory in bytes, utilisation in percent, temperature in degrees Celsius, power in watts.

    ``index`` is its place in PCI order; ``free`` means that nobody holds any of it; ``error`` says why it is not handed
    out at all.
    """

    index: int
    uuid: str
    name: str
    memory_total: int
    memory_used: int = 0
    utilization: float | None = None
    temperature: float | None = None
    power: float | None = None
    free: bool = True
    holders: list[GpuHolder] = []
    error: str = ""


class GpuReport(msgspec.Struct, frozen=True):
    """All GPUs of this machine; ``message`` says why there are none, or what is wrong with one."""

    gpus: list[Gpu] = []
    message: str = ""


class Disk(msgspec.Struct, frozen=True):
    """A disk where it is mounted; sizes in bytes."""

    mount: str
    device: str
    total: int
    used: int


class Network(msgspec.Struct, frozen=True):
    """Bytes that went over all network devices since the machine was started."""

    sent: int
    received: int


class BusyProcess(msgspec.Struct, frozen=True):
    """A process that uses the processors: percent of one of them, resident memory in bytes."""

    pid: int
    name: str
    user: str
    cpu_percent: float
    memory: int


class SystemSample(msgspec.Struct, frozen=True, kw_only=True):
    """The machine now. Memory and disk in bytes; ``cpu_percent`` over all CPUs (0 to 100)."""

    at: datetime
    cpu_count: int
    cpu_percent: float
    memory_total: int
    memory_used: int
    disk_total: int
    disk_used: int
    cpus_held: float = 0.0
    """CPUs that running jobs asked for."""
    jobs: dict[str, int] = {}
    """Number of jobs in the home by status."""
    gpus: list[Gpu] = []
    gpu_message: str = ""
    disks: list[Disk] = []
    """All disks; like ``network`` and ``processes`` only where details were asked for."""
    network: Network | None = None
    processes: list[BusyProcess] = []
    """Those that use most of the processors, the busiest first."""

    @property
    def memory_percent(self) -> float:
        """How much of the memory is in use (0 to 100)."""
        return round(100 * self.memory_used / self.memory_total, 1) if self.memory_total else 0.0


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The server: its version and home, and whether it schedules for the home."""

    ok: bool
    version: str
    home: str
    home_id: str
    pid: int
    schedules: bool
    scheduler_pid: int | None = None
    scheduler_host: str | None = None
    """Where several hosts share the home: the one whose server schedules, if it is another server."""
    warnings: list[str] = []
