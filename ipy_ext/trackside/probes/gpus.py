"""The GPUs, over NVML; a machine without an NVIDIA driver has a null probe that says why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from trackside.probes import ancestry

__all__ = ["GpuFacts", "GpuProcess", "NoGpus", "Nvml", "find_gpus", "visible_gpus"]

_NOT_ANSWERING = "it does not answer any more, as one that has fallen off the bus"


@dataclass(frozen=True)
class GpuProcess:
    """A process on a GPU: bytes of its memory there (None where NVML does not say), and who it is.

    ``graphics`` are those that only draw. ``user``, ``program``, ``ancestors`` (itself first) and ``since`` (its start)
    are empty for one that cannot be seen from here, as in another container.
    """

    pid: int
    memory: int | None = None
    graphics: bool = False
    user: str = ""
    program: str = ""
    ancestors: tuple[int, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True)
class GpuFacts:
    """One GPU now, or one MIG instance. Memory in bytes, utilisation in percent, temperature in °C, power in watts.

    ``index`` is its place in PCI order. ``error`` says why it cannot be used or what NVML could not tell. Temperature
    and power of a MIG instance are those of the GPU that it is a part of, ``parent``.
    """

    index: int
    uuid: str
    name: str
    memory_total: int
    memory_used: int = 0
    utilization: float | None = None
    temperature: float | None = None
    power: float | None = None
    processes: list[GpuProcess] = field(default_factory=list)
    error: str = ""
    parent: str = ""


@dataclass(frozen=True)
class NoGpus:
    """The probe of a machine without GPUs; ``message`` says why there are none."""

    message: str

    def sample(self, *, processes: bool = True) -> list[GpuFacts]:
        """Return no GPU."""
        return []

    def versions(self) -> str:
        """Return no version: there is no driver."""
        return ""


class Nvml:
    """The probe of a machine with an NVIDIA driver; ``message`` says why the last sample saw none."""

    def __init__(self, nvml: Any) -> None:
        self._nvml = nvml
        self._known: dict[str, tuple[str, GpuFacts]] = {}
        self.message = ""

    def sample(self, *, processes: bool = True) -> list[GpuFacts]:
        """Return all GPUs in PCI order; one that fails never hides the others, and is there with its ``error``."""
        found: list[tuple[str, GpuFacts]] = []
        failed: list[str] = []
        count = self._count()
        for number in range(count):
            try:
                handle = self._nvml.nvmlDeviceGetHandleByIndex(number)
                bus = _text(self._nvml.nvmlDeviceGetPciInfo(handle).busId)
                found += [(bus, facts) for facts in self._read(handle, processes=processes)]
            except self._nvml.NVMLError as error:
                failed.append(str(error))
        if count:
            found += self._missing({facts.parent or facts.uuid for _, facts in found}, failed)
        in_order = sorted(found, key=lambda pair: pair[0])  # stable: MIG instances stay in their order
        return [replace(facts, index=index) for index, (_, facts) in enumerate(in_order)]

    def versions(self) -> str:
        """Return the versions of driver and NVML in words."""
        driver = self._ask(self._nvml.nvmlSystemGetDriverVersion)
        nvml = self._ask(self._nvml.nvmlSystemGetNVMLVersion)
        return f"NVIDIA driver {_text(driver or b'unknown')}, NVML {_text(nvml or b'unknown')}"

    def _count(self) -> int:
        """Return the number of GPUs; 0 while the driver is away, as when it is updated."""
        try:
            try:
                count = self._nvml.nvmlDeviceGetCount()
            except self._nvml.NVMLError:
                self._nvml.nvmlInit()
                count = self._nvml.nvmlDeviceGetCount()
        except self._nvml.NVMLError as error:
            self.message = f"No NVIDIA driver answers here: {error}."
            return 0
        self.message = ""
        return int(count)

    def _missing(self, seen: set[str], failed: list[str]) -> Iterator[tuple[str, GpuFacts]]:
        """The GPUs that were there once and are not now, each with why; then those that never answered."""
        errors = iter(failed)
        for uuid, (bus, facts) in self._known.items():
            if uuid not in seen:
                lost = replace(facts, processes=[], memory_used=0, utilization=None, temperature=None, power=None)
                yield bus, replace(lost, error=next(errors, _NOT_ANSWERING))
        for number, error in enumerate(errors):
            yield "~", GpuFacts(0, f"unknown-{number}", "unknown GPU", 0, error=error)

    def _read(self, handle: object, *, processes: bool) -> list[GpuFacts]:
        """Return the GPU, or in its place the MIG instances that it is split into."""
        nvml = self._nvml
        whole = self._facts(handle, processes=processes)
        self._known[whole.uuid] = _text(nvml.nvmlDeviceGetPciInfo(handle).busId), whole
        mode = self._ask(nvml.nvmlDeviceGetMigMode, handle)
        if not mode or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
            return [whole]
        slices = [self._slice(part, whole, processes=processes) for part in self._parts(handle)]
        return slices or [replace(whole, error="MIG is switched on, but there is no MIG instance on it")]

    def _parts(self, handle: object) -> Iterator[object]:
        for number in range(self._ask(self._nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
            part = self._ask(self._nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, number)
            if part is not None:
                yield part

    def _slice(self, part: object, whole: GpuFacts, *, processes: bool) -> GpuFacts:
        facts = self._facts(part, processes=processes)
        return replace(facts, parent=whole.uuid, temperature=whole.temperature, power=whole.power)

    def _facts(self, handle: object, *, processes: bool) -> GpuFacts:
        nvml = self._nvml
        total, used = self._memory(handle)
        utilization = self._ask(nvml.nvmlDeviceGetUtilizationRates, handle)
        temperature = self._ask(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU)
        power = self._ask(nvml.nvmlDeviceGetPowerUsage, handle)
        return GpuFacts(
            0,
            _text(nvml.nvmlDeviceGetUUID(handle)),
            _text(nvml.nvmlDeviceGetName(handle)),
            total,
            used,
            None if utilization is None else float(utilization.gpu),
            None if temperature is None else float(temperature),
            None if power is None else power / 1000,
            self._processes(handle) if processes else [],
        )

    def _memory(self, handle: object) -> tuple[int, int]:
        """Return total and used; newer drivers count what they keep for themselves apart from what is used."""
        nvml = self._nvml
        memory = self._ask(nvml.nvmlDeviceGetMemoryInfo, handle, getattr(nvml, "nvmlMemory_v2", None))
        if memory is None:
            memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        return int(memory.total), int(memory.used)

    def _processes(self, handle: object) -> list[GpuProcess]:
        """Return what computes here, and after it what only draws."""
        compute = self._ask(self._nvml.nvmlDeviceGetComputeRunningProcesses, handle) or []
        drawing = self._ask(self._nvml.nvmlDeviceGetGraphicsRunningProcesses, handle) or []
        computing = {process.pid for process in compute}
        found = [_process(process, graphics=False) for process in compute]
        return found + [_process(process, graphics=True) for process in drawing if process.pid not in computing]

    def _ask(self, question: Any, *arguments: object) -> Any:
        """What this GPU does not tell is None; that it is lost is told of the whole GPU."""
        try:
            return question(*arguments)
        except self._nvml.NVMLError as error:
            if getattr(error, "value", None) in {
                self._nvml.NVML_ERROR_GPU_IS_LOST,
                getattr(self._nvml, "NVML_ERROR_RESET_REQUIRED", 16),
            }:
                raise
            return None


def find_gpus() -> Nvml | NoGpus:
    """Return the probe of this machine."""
    try:
        import pynvml
    except ImportError:
        return NoGpus("The package nvidia-ml-py is not installed, so GPUs cannot be seen.")
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return NoGpus(f"No NVIDIA driver answers here: {error}.")
    return Nvml(pynvml)


def visible_gpus(gpus: Sequence[GpuFacts], devices: str | None) -> list[GpuFacts]:
    """Return those of the GPUs that a program sees by ``CUDA_VISIBLE_DEVICES``, in its order; all where it is None.

    As CUDA reads it: numbers in PCI order or (beginnings of) uuids, and nothing behind the first that is not there.
    """
    if devices is None:
        return list(gpus)
    boards = list(dict.fromkeys(gpu.parent or gpu.uuid for gpu in gpus))
    found: list[GpuFacts] = []
    for name in (part.strip() for part in devices.split(",")):
        uuid = "".join(boards[int(name) : int(name) + 1]) if name.isdigit() else name
        named = [gpu for gpu in gpus if uuid and (gpu.uuid.startswith(uuid) or gpu.parent.startswith(uuid))]
        if not named:
            break
        found += [gpu for gpu in named if gpu not in found]
    return found


def _process(process: Any, *, graphics: bool) -> GpuProcess:
    pid, memory = int(process.pid), process.usedGpuMemory
    line = ancestry.ancestors(pid)
    if not line:
        return GpuProcess(pid, memory, graphics)
    return GpuProcess(pid, memory, graphics, ancestry.owner(pid), ancestry.program(pid), line, ancestry.started(pid))


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
