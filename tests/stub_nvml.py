"""A machine with GPUs for tests: a shared library that pynvml loads in place of NVIDIA's."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path

__all__ = ["GIB", "StubGpu", "StubNvml"]

SOURCE = Path(__file__).parent / "data" / "stub_nvml.c"
GIB = 1 << 30


@dataclass(frozen=True)
class StubGpu:
    """One GPU, or one MIG instance. Memory in bytes, power in milliwatts; None is what NVML does not tell.

    ``compute`` and ``graphics`` are pids with their memory. ``error``: NVML gives no handle but this error; ``ill``:
    every question is answered with it. ``mig`` are its instances, None without MIG.
    """

    uuid: str
    name: str = "NVIDIA A100-SXM4-80GB"
    bus: str = "00000000:3B:00.0"
    total: int | None = 80 * GIB
    used: int | None = 0
    reserved: int | None = None
    utilization: int | None = 0
    temperature: int | None = 30
    power: int | None = 50_000
    compute: list[tuple[int, int | None]] = field(default_factory=list)
    graphics: list[tuple[int, int | None]] = field(default_factory=list)
    error: int | None = None
    ill: int | None = None
    mig: list[StubGpu] | None = None


class StubNvml:
    """Builds the library in a folder. ``environment`` makes a process see the GPUs that ``show`` wrote last."""

    def __init__(self, folder: Path) -> None:
        self._gpus = folder / "gpus.json"
        self.environment = {"LD_LIBRARY_PATH": str(folder), "STUB_NVML": str(self._gpus)}
        folder.mkdir(parents=True, exist_ok=True)
        library = folder / "libnvidia-ml.so.1"
        subprocess.run(["cc", "-shared", "-fPIC", "-w", "-o", str(library), str(SOURCE)], check=True)

    def show(self, *gpus: StubGpu) -> None:
        """Set the GPUs, in one step."""
        aside = self._gpus.with_suffix(".new")
        aside.write_text(json.dumps([asdict(gpu) for gpu in gpus], separators=(",", ":")))
        aside.replace(self._gpus)

    def hide(self) -> None:
        """Unload the driver."""
        self._gpus.unlink(missing_ok=True)
