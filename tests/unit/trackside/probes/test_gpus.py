"""The GPU probe, against a shared library that pynvml loads in place of NVIDIA's."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.stub_nvml import StubNvml

from trackside.probes.gpus import NoGpus, find_gpus

ASK = """
import dataclasses, json, sys
from trackside.probes.gpus import find_gpus
assert "pynvml" not in sys.modules
gpus = find_gpus()
samples = [[dataclasses.asdict(gpu) for gpu in gpus.sample()]]
for line in sys.stdin:
    samples.append([dataclasses.asdict(gpu) for gpu in gpus.sample()])
    print(json.dumps({"kind": type(gpus).__name__, "message": gpus.message, "samples": samples}), flush=True)
"""
A = "00000000:3B:00.0 GPU-a A100 85899345920 8589934592 95 60 300500 4242:1048576 4243:2048"
B = "00000000:AF:00.0 GPU-b A100 85899345920 0 0 30 50000"


@pytest.fixture(scope="module")
def nvml(tmp_path_factory: pytest.TempPathFactory) -> StubNvml:
    return StubNvml(tmp_path_factory.mktemp("nvml"))


def _ask(nvml: StubNvml) -> tuple[str, str, list[dict[str, object]]]:
    answer = subprocess.run(
        [sys.executable, "-c", ASK], env=os.environ | nvml.environment, input="\n", capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    return found["kind"], found["message"], found["samples"][-1]


def test_a_gpu_has_its_facts_in_bytes_percent_degrees_and_watts(nvml: StubNvml) -> None:
    nvml.show(A)
    kind, message, samples = _ask(nvml)
    assert (kind, message) == ("Nvml", "")
    assert samples == [
        {
            "index": 0, "uuid": "GPU-a", "name": "A100", "memory_total": 80 << 30, "memory_used": 8 << 30,
            "utilization": 95.0, "temperature": 60.0, "power": 300.5, "error": "",
            "processes": [[4242, 1048576], [4243, 2048]],
        }
    ]  # fmt: skip


def test_they_come_in_pci_order(nvml: StubNvml) -> None:
    nvml.show(B, A)
    assert [gpu["uuid"] for gpu in _ask(nvml)[2]] == ["GPU-a", "GPU-b"]


def test_one_that_is_lost_or_tells_little_hides_no_other(nvml: StubNvml) -> None:
    nvml.show("lost", A, "00000000:B0:00.0 GPU-c T4 - - - - -", "00000000:B1:00.0 GPU-d T4 1024 512 - - -")
    samples = {gpu["uuid"]: gpu for gpu in _ask(nvml)[2]}
    assert samples["GPU-a"]["utilization"] == 95.0
    assert samples["GPU-d"]["memory_total"] == 1024
    assert [samples["GPU-d"][name] for name in ("utilization", "temperature", "power")] == [None, None, None]
    errors = [str(gpu["error"]) for gpu in samples.values() if gpu["error"]]
    assert len(errors) == 2
    assert any("lost" in error for error in errors)


def test_a_driver_that_goes_away_and_comes_back_is_no_end(nvml: StubNvml) -> None:
    nvml.show(A)
    process = subprocess.Popen(
        [sys.executable, "-c", ASK],
        env=os.environ | nvml.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    found = []
    for hidden in (False, True, False):
        nvml.hide() if hidden else nvml.show(A)
        process.stdin.write("\n")
        process.stdin.flush()
        found.append(json.loads(process.stdout.readline()))
    process.communicate(timeout=30)
    assert [len(answer["samples"][-1]) for answer in found] == [1, 0, 1]
    assert [bool(answer["message"]) for answer in found] == [False, True, False]
    assert "Driver Not Loaded" in found[1]["message"]


def test_a_machine_without_a_driver_has_none_and_says_why(nvml: StubNvml) -> None:
    nvml.hide()
    kind, message, samples = _ask(nvml)
    assert (kind, samples) == ("NoGpus", [])
    assert "Driver Not Loaded" in message


def test_without_the_package_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    found = find_gpus()
    assert isinstance(found, NoGpus)
    assert "nvidia-ml-py" in found.message
    assert found.sample() == []


@pytest.mark.gpu
@pytest.mark.skipif(not Path("/dev/nvidia0").exists(), reason="needs a real NVIDIA GPU")
def test_a_real_gpu_is_seen() -> None:
    gpus = find_gpus().sample()
    assert gpus
    assert all(gpu.memory_total > 1 << 30 and gpu.uuid.startswith("GPU-") for gpu in gpus)
