import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from trackside.probes.gpus import GpuFacts
from trackside.tracking.folder import RunFolder
from trackside.tracking.losses import Losses
from trackside.tracking.records import read_system
from trackside.tracking.sampler import SamplerThread
from trackside.tracking.samples import Sampler, gpu_record


@dataclass
class Gpus:
    """A probe of a machine with GPUs."""

    facts: list[GpuFacts]

    def sample(self, *, processes: bool = True) -> list[GpuFacts]:
        return self.facts


def test_a_sample_has_the_names_of_the_page_and_of_the_package() -> None:
    sampler = Sampler([os.getpid()])
    assert "cpu_percent" not in sampler.sample()
    sample = sampler.sample()
    assert {
        "_timestamp", "cpu_percent", "memory_percent", "memory_used_gb", "memory_total_gb", "process_memory",
        "process_cpu_percent",
    } <= set(sample)  # fmt: skip
    assert 1e6 < float(str(sample["process_memory"])) < 1e12
    assert 0 <= float(str(sample["memory_percent"])) <= 100


def test_children_count_and_processes_that_are_gone_do_not_matter() -> None:
    alone = Sampler([os.getpid()]).sample()
    child = subprocess.Popen([sys.executable, "-c", "x = bytearray(40 << 20); input()"], stdin=subprocess.PIPE)
    try:
        assert child.stdin is not None
        both = Sampler([os.getpid(), child.pid, 2**22 + 1]).sample()
        assert float(str(both["process_memory"])) > float(str(alone["process_memory"]))
    finally:
        child.communicate(b"\n", timeout=30)


def test_each_gpu_has_its_fields_in_mib_and_the_first_one_those_of_the_package() -> None:
    facts = [
        GpuFacts(0, "GPU-a", "A100", 80 << 30, 8 << 30, 95.0, 60.0, 300.5),
        GpuFacts(1, "GPU-b", "GPU", 0, error="lost"),
        GpuFacts(2, "GPU-c", "A100", 80 << 30, 1 << 20, None, None, None),
    ]
    assert gpu_record(facts) == {
        "gpu_0_utilization": 95.0, "gpu_0_memory_used": 8192, "gpu_0_memory_total": 81920, "gpu_0_temperature": 60.0,
        "gpu_0_power": 300.5, "gpu_util": 95.0, "gpu_mem_used_gb": 8.0, "gpu_mem_total_gb": 80.0, "gpu_name": "A100",
        "gpu_2_memory_used": 1, "gpu_2_memory_total": 81920,
    }  # fmt: skip


@pytest.mark.parametrize(("wanted", "indices"), [(None, {0, 1}), (["GPU-b"], {1}), ([], set())])
def test_only_the_gpus_that_are_asked_for_are_sampled(
    monkeypatch: pytest.MonkeyPatch, wanted: list[str] | None, indices: set[int]
) -> None:
    facts = [GpuFacts(0, "GPU-a", "A100", 1 << 30), GpuFacts(1, "GPU-b", "A100", 1 << 30)]
    monkeypatch.setattr("trackside.probes.gpus.find_gpus", lambda: Gpus(facts))
    sample = Sampler([], wanted).sample()
    assert {index for index in (0, 1) if f"gpu_{index}_memory_total" in sample} == indices


def test_without_psutil_gpus_are_still_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    monkeypatch.setattr("trackside.probes.gpus.find_gpus", lambda: Gpus([GpuFacts(0, "GPU-a", "A100", 1 << 30)]))
    assert set(Sampler([os.getpid()]).sample()) >= {"_timestamp", "gpu_0_memory_total"}


def test_a_thread_that_is_stopped_at_once_leaves_one_sample(tmp_path: Path) -> None:
    losses = Losses("job-1")
    thread = SamplerThread(RunFolder(tmp_path), losses)
    thread.start()
    thread.stop(30)
    assert len(read_system(tmp_path / "system.jsonl")) == 1
    assert losses.count == 0


def test_a_folder_that_is_gone_is_a_loss(tmp_path: Path) -> None:
    losses = Losses("job-1")
    thread = SamplerThread(RunFolder(tmp_path / "nowhere"), losses)
    thread.start()
    thread.stop(30)
    assert losses.count == 1
