"""The GPUs, over NVML; a machine without an NVIDIA driver has a null probe that says why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["GpuFacts", "NoGpus", "Nvml", "find_gpus"]


@dataclass(frozen=True)
class GpuFacts:
    """One GPU now. Memory in bytes, utilisation in percent, temperature in °C, power in watts.

    ``processes`` are pid and memory of its compute processes; ``error`` says what NVML could not tell.
    """

    index: int
    uuid: str
    name: str
    memory_total: int
    memory_used: int = 0
    utilization: float | None = None
    temperature: float | None = None
    power: float | None = None
    processes: list[tuple[int, int]] = field(default_factory=list)
    error: str = ""


@dataclass(frozen=True)
class NoGpus:
    """The probe of a machine without GPUs; ``message`` says why there are none."""

    message: str

    def sample(self) -> list[GpuFacts]:
        """Return no GPU."""
        return []


class Nvml:
    """The probe of a machine with an NVIDIA driver; ``message`` says why the last sample saw none."""

    def __init__(self, nvml: Any) -> None:
        self._nvml = nvml
        self.message = ""

    def sample(self) -> list[GpuFacts]:
        """Return all GPUs in PCI order; one that fails never hides the others, and is there with its ``error``."""
        found = []
        for number in range(self._count()):
            try:
                handle = self._nvml.nvmlDeviceGetHandleByIndex(number)
                bus = self._nvml.nvmlDeviceGetPciInfo(handle).busId
                found.append((_text(bus), self._read(number, handle)))
            except self._nvml.NVMLError as error:
                found.append((f"~{number}", GpuFacts(number, f"unknown-{number}", "GPU", 0, error=str(error))))
        return [facts for _, facts in sorted(found, key=lambda pair: pair[0])]

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

    def _read(self, index: int, handle: object) -> GpuFacts:
        nvml = self._nvml
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        utilization = self._ask(nvml.nvmlDeviceGetUtilizationRates, handle)
        temperature = self._ask(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU)
        power = self._ask(nvml.nvmlDeviceGetPowerUsage, handle)
        processes = self._ask(nvml.nvmlDeviceGetComputeRunningProcesses, handle) or []
        return GpuFacts(
            index,
            _text(nvml.nvmlDeviceGetUUID(handle)),
            _text(nvml.nvmlDeviceGetName(handle)),
            int(memory.total),
            int(memory.used),
            None if utilization is None else float(utilization.gpu),
            None if temperature is None else float(temperature),
            None if power is None else power / 1000,
            [(process.pid, process.usedGpuMemory or 0) for process in processes],
        )

    def _ask(self, question: Any, *arguments: object) -> Any:
        """What this GPU does not tell is None."""
        try:
            return question(*arguments)
        except self._nvml.NVMLError:
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


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
