"""The machine's probe: one sample for all who ask, a new one where a lease has ended; what the plan and people see."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from trackside.probes.gpus import GpuFacts, NoGpus, Nvml
from trackside_server.domain.plan import Running
from trackside_server.engine import machine as module
from trackside_server.engine.machine import MachineProbe

GB = 1 << 30
GPU = GpuFacts(0, "GPU-a", "NVIDIA A100-SXM4-80GB", 80 * GB, temperature=40.0)


class Driver(Nvml):
    """An NVML that answers what it is told."""

    def __init__(self, *facts: GpuFacts) -> None:
        super().__init__(None)
        self.facts, self.asked = list(facts), 0

    def sample(self, *, processes: bool = True) -> list[GpuFacts]:
        self.asked += 1
        return self.facts

    def versions(self) -> str:
        return "NVIDIA driver 1"


class Board:
    """As much of a board as the probe looks at."""

    def __init__(self, *jobs: Running) -> None:
        self.jobs = list(jobs)

    def running(self) -> list[Running]:
        return self.jobs

    def get(self, job_id: str) -> None:
        return None


@pytest.fixture(autouse=True)
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKSIDE_LOCKS", str(tmp_path / "locks"))


def probe(driver: Nvml | NoGpus, monkeypatch: pytest.MonkeyPatch, **more) -> MachineProbe:
    monkeypatch.setattr(module, "find_gpus", lambda: driver)
    return MachineProbe(Path("/"), "h1", 4.0, **more)


def job(name: str, *gpus: str) -> Running:
    return Running(name, name, 1.0, gpus)


def test_without_a_driver_there_are_cpus_and_memory_and_a_sentence(monkeypatch):
    machine = probe(NoGpus("No NVIDIA driver answers here."), monkeypatch)
    seen = asyncio.run(machine.machine(Board()))
    assert (seen.cpus, seen.gpus) == (4.0, ())
    assert seen.memory > GB
    report = asyncio.run(machine.gpus(Board()))
    assert (report.gpus, report.message) == ([], "No NVIDIA driver answers here.")
    assert machine.gpu_versions == ""


def test_many_who_ask_share_a_sample_and_an_ended_lease_makes_a_new_one(monkeypatch):
    driver = Driver(GPU)
    machine, board = probe(driver, monkeypatch), Board(job("job-1", "GPU-a"), job("job-2"))

    async def ask():
        await asyncio.gather(*(machine.machine(board) for _ in range(5)), machine.gpus(board))
        assert driver.asked == 1
        board.jobs.pop()  # it held no GPU
        await machine.machine(board)
        assert driver.asked == 1
        board.jobs.pop()
        await machine.machine(board)
        await machine.machine(board)
        assert driver.asked == 2

    asyncio.run(ask())
    assert machine.gpu_versions == "NVIDIA driver 1"


def test_a_refused_gpu_is_left_out_and_looked_at_soon(monkeypatch):
    driver = Driver(GPU, replace(GPU, index=1, uuid="GPU-b"))
    machine = probe(driver, monkeypatch)

    async def ask():
        before = await machine.machine(Board())
        patience = machine.look_again
        machine.set_refused(["GPU-b"])
        after = await machine.machine(Board())
        assert driver.asked == 2
        assert [gpu.left for gpu in before.gpus] == [1.0, 1.0]
        assert [gpu.left for gpu in after.gpus] == [1.0, 0.0]
        assert machine.look_again < patience

    asyncio.run(ask())


def test_a_gpu_with_an_error_is_shown_and_one_that_never_answered_is_not_planned_with(monkeypatch):
    lost = replace(GPU, error="GPU is lost")
    unknown = GpuFacts(1, "unknown-0", "unknown GPU", 0, error="GPU is lost")
    machine = probe(Driver(lost, unknown), monkeypatch)
    seen = asyncio.run(machine.machine(Board()))
    assert [(gpu.uuid, gpu.fault) for gpu in seen.gpus] == [("GPU-a", "GPU is lost")]
    report = asyncio.run(machine.gpus(Board(job("job-1", "GPU-a"))))
    assert [(gpu.free, gpu.error) for gpu in report.gpus] == [(False, "GPU is lost")] * 2
    assert "GPU 1 (unknown GPU) is not handed out: GPU is lost." in report.message
    assert report.gpus[0].holders[0].label == "job-1"


def test_kernels_are_asked_for_with_each_sample(monkeypatch):
    asked = []

    async def kernels():
        asked.append(1)
        return []

    asyncio.run(probe(Driver(GPU), monkeypatch, kernels=kernels).machine(Board()))
    asyncio.run(probe(NoGpus("none"), monkeypatch, kernels=kernels).machine(Board()))
    assert asked == [1]
