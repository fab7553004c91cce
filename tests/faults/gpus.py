"""GPUs for rows: the stub of NVIDIA's library, and a server that sees it."""

from __future__ import annotations

from tests.faults.row import Row
from tests.stub_nvml import GIB, StubGpu, StubNvml

__all__ = ["GPU", "one_gpu"]

GPU = "GPU-11111111-1111-1111-1111-111111111111"


def one_gpu(row: Row, *processes: str) -> StubNvml:
    """Give the row's machine one GPU; ``processes`` are ``pid:memory`` of those that use it."""
    stub = StubNvml(row.place.root / "nvml")
    row.environment.update(stub.environment)
    show(stub, *processes)
    return stub


def show(stub: StubNvml, *processes: str) -> None:
    """Set which processes use the GPU."""
    compute: list[tuple[int, int | None]] = [
        (int(pid), int(memory)) for pid, memory in (each.split(":") for each in processes)
    ]
    stub.show(StubGpu(GPU, "NVIDIA-A100", total=40 * GIB, compute=compute))
