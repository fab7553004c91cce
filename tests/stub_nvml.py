"""A machine with GPUs for tests: a shared library that pynvml loads in place of NVIDIA's."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["StubNvml"]

SOURCE = Path(__file__).parent / "data" / "stub_nvml.c"


class StubNvml:
    """Builds the library in a folder. ``environment`` makes a process see the GPUs that ``show`` wrote last."""

    def __init__(self, folder: Path) -> None:
        self._gpus = folder / "gpus.txt"
        self.environment = {"LD_LIBRARY_PATH": str(folder), "STUB_NVML": str(self._gpus)}
        folder.mkdir(parents=True, exist_ok=True)
        library = folder / "libnvidia-ml.so.1"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(SOURCE)], check=True)

    def show(self, *lines: str) -> None:
        """Set the GPUs, one line each: bus uuid name total used utilization temperature power pid:memory …"""
        self._gpus.write_text("".join(f"{line}\n" for line in lines))

    def hide(self) -> None:
        """Unload the driver."""
        self._gpus.unlink(missing_ok=True)
