"""One sample of the machine, of the trees of some processes and of GPUs, as a record of ``system.jsonl``."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from trackside.probes.host import HostSample, sample_host, trees_usage
from trackside.tracking.clock import timestamp

if TYPE_CHECKING:
    from trackside.probes.gpus import GpuFacts, NoGpus, Nvml

__all__ = ["Sampler", "gpu_record", "sample_record"]

_MIB, _GIB = 1 << 20, 1 << 30


class Sampler:
    """Samples the host, the trees of some processes and GPUs; psutil and NVML are loaded with the first sample.

    ``pids`` are the roots of the trees; ``gpus`` the ids of the GPUs to sample, None for those that this process sees
    by its ``CUDA_VISIBLE_DEVICES``.
    """

    def __init__(self, pids: Iterable[int], gpus: Collection[str] | None = None) -> None:
        self._pids = tuple(pids)
        self._uuids = gpus
        self._gpus: Nvml | NoGpus | None = None
        self._used: tuple[float, float] | None = None

    def sample(self) -> dict[str, object]:
        """Return one record. CPU shares are those since the sample before, and left out of the first one.

        What cannot be sampled on this machine is left out.
        """
        record: dict[str, object] = {"_timestamp": timestamp()}
        try:
            first = self._used is None
            host, trees = sample_host(), trees_usage(self._pids)
            percent = self._tree_percent(trees.cpu_seconds)
            record |= sample_record(None if first else host.cpu_percent, host, percent, trees.memory)
        except ImportError:
            pass  # an environment without psutil: GPUs may still be seen
        return record | gpu_record(self._sample_gpus())

    def _tree_percent(self, seconds: float) -> float | None:
        """Return the CPU use of the trees since the last call, 100 for one whole CPU."""
        now, last = time.monotonic(), self._used
        self._used = (now, seconds)
        if last is None or now <= last[0]:
            return None
        return round(max(0.0, 100 * (seconds - last[1]) / (now - last[0])), 1)

    def _sample_gpus(self) -> Sequence[GpuFacts]:
        if self._uuids is not None and not self._uuids:
            return []
        from trackside.probes.gpus import find_gpus, visible_gpus

        if self._gpus is None:
            self._gpus = find_gpus()
        seen = self._gpus.sample(processes=False)
        if self._uuids is None:
            return visible_gpus(seen, os.environ.get("CUDA_VISIBLE_DEVICES"))
        return [gpu for gpu in seen if gpu.uuid in self._uuids]


def sample_record(
    cpu_percent: float | None, host: HostSample, tree_percent: float | None, tree_memory: int
) -> dict[str, object]:
    """Return the fields of a sample of the host: percent, GiB (names of ``whirr``), bytes for the process tree."""
    fields = {
        "cpu_percent": cpu_percent,
        "memory_percent": host.memory_percent,
        "memory_used_gb": round(host.memory_used / _GIB, 2),
        "memory_total_gb": round(host.memory_total / _GIB, 2),
        "process_cpu_percent": tree_percent,
        "process_memory": tree_memory,
    }
    return {name: value for name, value in fields.items() if value is not None}


def gpu_record(gpus: Sequence[GpuFacts]) -> dict[str, object]:
    """Return the fields of a sample of GPUs: percent, MiB, °C and watts; the first one under its ``whirr`` names too."""
    fields: dict[str, object] = {}
    for gpu in gpus:
        if not gpu.memory_total:
            continue  # one that NVML could not read
        name = f"gpu_{gpu.index}"
        fields[f"{name}_utilization"] = gpu.utilization
        fields[f"{name}_memory_used"] = round(gpu.memory_used / _MIB)
        fields[f"{name}_memory_total"] = round(gpu.memory_total / _MIB)
        fields[f"{name}_temperature"] = gpu.temperature
        fields[f"{name}_power"] = gpu.power
        if "gpu_name" not in fields:
            fields["gpu_util"] = gpu.utilization
            fields["gpu_mem_used_gb"] = round(gpu.memory_used / _GIB, 2)
            fields["gpu_mem_total_gb"] = round(gpu.memory_total / _GIB, 2)
            fields["gpu_name"] = gpu.name
    return {name: value for name, value in fields.items() if value is not None}
