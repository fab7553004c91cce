"""The GPU probe, against a shared library that pynvml loads in place of NVIDIA's."""

import getpass
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from tests.stub_nvml import GIB, StubGpu, StubNvml

from trackside.probes.ancestry import ancestors, owner, parse_command, program
from trackside.probes.gpus import NoGpus, find_gpus

ASK = """
import dataclasses, json, sys
from trackside.probes.gpus import find_gpus
assert "pynvml" not in sys.modules
gpus = find_gpus()
for line in sys.stdin:
    sample = [dataclasses.asdict(gpu) for gpu in gpus.sample()]
    print(json.dumps([type(gpus).__name__, gpus.message, gpus.versions(), sample], default=str), flush=True)
"""
A = StubGpu("GPU-a", bus="00000000:3B:00.0", used=8 * GIB, utilization=95, temperature=60, power=300_500)
B = StubGpu("GPU-b", bus="00000000:AF:00.0")
LOST, RESET = 15, 16


class Probe:
    """A process with the probe in it, asked again and again."""

    def __init__(self, nvml: StubNvml) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", ASK],
            env=os.environ | nvml.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._nvml = nvml
        self.kind = self.message = self.versions = ""

    def ask(self, *gpus: StubGpu) -> list[dict[str, object]]:
        """Return the sample of a machine with these GPUs; with none its driver is away."""
        self._nvml.show(*gpus) if gpus else self._nvml.hide()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(file=self._process.stdin, flush=True)
        self.kind, self.message, self.versions, sample = json.loads(self._process.stdout.readline())
        return list(sample)

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=30)


@pytest.fixture(scope="module")
def nvml(tmp_path_factory: pytest.TempPathFactory) -> StubNvml:
    return StubNvml(tmp_path_factory.mktemp("nvml"))


@pytest.fixture(scope="module")
def seen(nvml: StubNvml) -> Iterator[Probe]:
    """A probe that found a driver at its start; many tests share it, so that each uses GPUs of its own."""
    nvml.show(A)
    probe = Probe(nvml)
    probe.ask(A)
    yield probe
    probe.close()


def test_a_gpu_has_its_facts_in_bytes_percent_degrees_and_watts(nvml: StubNvml, seen: Probe) -> None:
    sample = seen.ask(A)
    assert (seen.kind, seen.message) == ("Nvml", "")
    assert seen.versions == "NVIDIA driver 570.1.stub, NVML 12.570.stub"
    assert sample == [
        {
            "index": 0, "uuid": "GPU-a", "name": "NVIDIA A100-SXM4-80GB", "memory_total": 80 << 30,
            "memory_used": 8 << 30, "utilization": 95.0, "temperature": 60.0, "power": 300.5, "error": "",
            "processes": [], "parent": "",
        }
    ]  # fmt: skip


def test_they_come_in_pci_order(seen: Probe) -> None:
    assert [(gpu["index"], gpu["uuid"]) for gpu in seen.ask(B, A)] == [(0, "GPU-a"), (1, "GPU-b")]


def test_memory_that_the_driver_keeps_for_itself_is_not_used(seen: Probe) -> None:
    assert seen.ask(replace(A, reserved=GIB))[0]["memory_used"] == 8 * GIB
    assert seen.ask(replace(A, reserved=None))[0]["memory_used"] == 8 * GIB


def test_a_process_is_there_with_its_user_its_program_and_where_it_comes_from(seen: Probe) -> None:
    me = os.getpid()
    sample = seen.ask(replace(A, compute=[(me, GIB), (2**22 + 1, None)], graphics=[(me, 5), (1, 7)]))
    mine, unseen, drawing = sample[0]["processes"]
    assert mine["ancestors"][:2] == [me, os.getppid()]
    assert (mine["pid"], mine["memory"], mine["user"], mine["graphics"]) == (me, GIB, getpass.getuser(), False)
    age = datetime.now(UTC) - datetime.fromisoformat(mine["since"])
    assert abs(age.total_seconds() - (time.time() - psutil.Process(me).create_time())) < 1
    assert "pytest" in mine["program"] or mine["program"].startswith("python")
    assert unseen == {
        "pid": 2**22 + 1, "memory": None, "graphics": False, "user": "", "program": "", "ancestors": [],
        "since": None,
    }  # fmt: skip
    assert (drawing["pid"], drawing["graphics"]) == (1, True)


def test_one_that_falls_off_the_bus_keeps_its_name_and_hides_no_other(nvml: StubNvml) -> None:
    nvml.show(A, B)
    probe = Probe(nvml)
    assert [gpu["error"] for gpu in probe.ask(A, B)] == ["", ""]
    for lost in (replace(A, error=LOST), replace(A, ill=LOST), replace(A, ill=RESET), replace(A, ill=999)):
        first, second = probe.ask(lost, B)
        assert (first["uuid"], first["name"], first["memory_total"]) == ("GPU-a", "NVIDIA A100-SXM4-80GB", 80 << 30)
        assert first["error"]
        assert (second["uuid"], second["error"]) == ("GPU-b", "")
    assert "lost" in str(probe.ask(replace(A, error=LOST), B)[0]["error"])
    assert "fallen off the bus" in str(probe.ask(B)[0]["error"])
    assert [gpu["error"] for gpu in probe.ask(A, B)] == ["", ""]
    probe.close()


def test_one_that_never_answered_or_tells_little_hides_no_other(nvml: StubNvml) -> None:
    nvml.show(A)
    probe = Probe(nvml)
    dumb = StubGpu("GPU-d", "T4", "00000000:B1:00.0", 1024, 512, None, None, None, None)
    samples = {gpu["uuid"]: gpu for gpu in probe.ask(StubGpu("GPU-x", error=LOST), A, dumb)}
    assert samples["GPU-a"]["utilization"] == 95.0
    assert [samples["GPU-d"][name] for name in ("utilization", "temperature", "power")] == [None, None, None]
    assert [uuid for uuid, gpu in samples.items() if gpu["error"]] == ["unknown-0"]
    probe.close()


def test_mig_instances_stand_in_the_place_of_the_gpu_that_they_are_parts_of(seen: Probe) -> None:
    name = "NVIDIA A100-SXM4-40GB MIG 3g.20gb"
    parts = [
        StubGpu(f"MIG-{n}", name, total=20 * GIB, used=n, temperature=None, power=None, compute=[(os.getpid(), n)])
        for n in (1, 2)
    ]
    sample = seen.ask(B, replace(A, mig=parts))
    assert [(gpu["index"], gpu["uuid"], gpu["memory_total"]) for gpu in sample] == [
        (0, "MIG-1", 20 * GIB),
        (1, "MIG-2", 20 * GIB),
        (2, "GPU-b", 80 * GIB),
    ]
    assert sample[0]["name"] == name
    assert (sample[0]["parent"], sample[0]["temperature"], sample[0]["power"]) == ("GPU-a", 60.0, 300.5)
    assert [process["memory"] for process in sample[1]["processes"]] == [2]


def test_a_gpu_with_mig_and_no_instance_cannot_be_used(seen: Probe) -> None:
    [gpu] = [gpu for gpu in seen.ask(replace(A, mig=[]), B) if gpu["uuid"] == "GPU-a"]
    assert "no MIG instance" in str(gpu["error"])


def test_a_driver_that_goes_away_and_comes_back_is_no_end(seen: Probe) -> None:
    assert seen.ask(A)
    assert seen.ask() == []
    assert "Driver Not Loaded" in seen.message
    assert seen.ask(A)
    assert seen.message == ""


def test_a_machine_without_a_driver_has_none_and_says_why(nvml: StubNvml) -> None:
    nvml.hide()
    probe = Probe(nvml)
    assert probe.ask() == []
    assert (probe.kind, probe.versions) == ("NoGpus", "")
    assert "Driver Not Loaded" in probe.message
    probe.close()


def test_without_the_package_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    found = find_gpus()
    assert isinstance(found, NoGpus)
    assert "nvidia-ml-py" in found.message
    assert found.sample() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["/usr/bin/python3.11", "/home/ann/train.py", "--token=secret"], "python3.11 train.py"),
        (["python", "-m", "ipykernel_launcher", "-f", "k.json"], "python -m ipykernel_launcher"),
        (["python", "-c", "secret"], "python"),
        (["/opt/app/gmx", "mdrun"], "gmx"),
        (["x" * 500], "x" * 60),
    ],
)
def test_a_program_is_named_without_its_arguments(words: list[str], said: str) -> None:
    assert parse_command(words) == said


def test_a_process_that_is_gone_has_no_ancestors_and_no_owner() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert (ancestors(child.pid), owner(child.pid), program(child.pid)) == ((), "", "")
    assert ancestors(os.getpid())[0] == os.getpid()


def test_the_owner_of_a_process_that_nobody_can_look_into_is_known_all_the_same() -> None:
    hidden = "import ctypes; ctypes.CDLL(None).prctl(4, 0); print(flush=True); input()"  # PR_SET_DUMPABLE
    user = {"user": 65534} if os.geteuid() == 0 else {}
    if user:
        hidden = f"import os; os.setuid({user['user']}); {hidden}"
    with subprocess.Popen([sys.executable, "-c", hidden], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert owner(process.pid) == ("nobody" if user else getpass.getuser())
        process.kill()


@pytest.mark.gpu
@pytest.mark.skipif(not Path("/dev/nvidia0").exists(), reason="needs a real NVIDIA GPU")
def test_a_real_gpu_is_seen() -> None:
    probe = find_gpus()
    gpus = probe.sample()
    assert gpus
    assert "NVIDIA driver" in probe.versions()
    for gpu in gpus:
        assert gpu.memory_total > 1 << 30
        assert gpu.uuid.startswith(("GPU-", "MIG-"))
        assert not gpu.error
        assert gpu.temperature is None or 0 < gpu.temperature < 120
        assert gpu.power is None or 0 < gpu.power < 2000


_ONE_GIB = """
import ctypes
cuda = ctypes.CDLL("libcuda.so.1")
device, context, memory = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
codes = [
    cuda.cuInit(0),
    cuda.cuDeviceGet(ctypes.byref(device), 0),
    cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device),
    cuda.cuCtxSetCurrent(context),
    cuda.cuMemAlloc_v2(ctypes.byref(memory), ctypes.c_size_t(1 << 30)),
]
print(*codes, flush=True)
input()
"""


@pytest.mark.gpu
@pytest.mark.skipif(not Path("/dev/nvidia0").exists(), reason="needs a real NVIDIA GPU")
def test_a_process_of_ours_is_seen_on_a_real_gpu_or_its_memory_is() -> None:
    before = {gpu.uuid: gpu.memory_used for gpu in find_gpus().sample()}
    with subprocess.Popen([sys.executable, "-c", _ONE_GIB], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().split() == [b"0"] * 5
        after = find_gpus().sample()
        listed = [each for gpu in after for each in gpu.processes if each.pid == process.pid]
        print("NVML lists", listed, "memory", before, [gpu.memory_used for gpu in after])
        if any(gpu.processes for gpu in after):
            assert listed[0].user == getpass.getuser()
            assert listed[0].memory is None or listed[0].memory >= 1 << 30
        assert any(gpu.memory_used - before[gpu.uuid] >= 1 << 30 for gpu in after)
        process.kill()
