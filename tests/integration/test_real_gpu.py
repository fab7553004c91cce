"""Jobs on a real NVIDIA GPU: what they see, who holds it, what is told about it, and that nothing of it is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.kernels import ServerKernel
from tests.serving import LiveServer, until

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not Path("/dev/nvidia0").exists(), reason="needs a real NVIDIA GPU"),
]

ONE_GIB = """
import ctypes, pathlib, sys, time
cuda = ctypes.CDLL("libcuda.so.1")
code = cuda.cuInit(0)
count, device, context, memory = ctypes.c_int(), ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
if code == 0:
    cuda.cuDeviceGetCount(ctypes.byref(count))
    cuda.cuDeviceGet(ctypes.byref(device), 0)
    cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device)
    cuda.cuCtxSetCurrent(context)
    code = cuda.cuMemAlloc_v2(ctypes.byref(memory), ctypes.c_size_t(1 << 30))
print("init", code, "count", count.value, flush=True)
while len(sys.argv) > 1 and not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.05)
"""
TRAIN = """
import time, torch, trackside
device = torch.device("cuda")
model = torch.nn.Sequential(torch.nn.Linear(1024, 4096), torch.nn.ReLU(), torch.nn.Linear(4096, 1)).to(device)
x = torch.randn(8192, 1024, device=device)
y = x[:, :1].sin()
optimizer = torch.optim.Adam(model.parameters(), 1e-3)
began, step = time.monotonic(), 0
while time.monotonic() - began < 12:
    loss = (model(x) - y).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        trackside.log({"loss": loss.detach(), "half": loss.detach().bfloat16()}, step=step)
    step += 1
print("seen", torch.cuda.device_count(), torch.cuda.get_device_name(0), "steps", step)
"""


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-I", "-c", ONE_GIB, *map(str, arguments)]


def gpus(server: LiveServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get("gpus").json()["gpus"]
    return found


def why(server: LiveServer, job: dict[str, Any]) -> str:
    return str(server.get(f"jobs/{job['id']}/explain").json()["message"])


def log(server: LiveServer, job: dict[str, Any]) -> str:
    assert server.ended(job["id"], 90)["status"] == "completed", server.job(job["id"])
    return server.get(f"jobs/{job['id']}/log").text.strip()


def everything(server: LiveServer) -> int:
    return len(gpus(server))


@contextmanager
def stranger(go: Path) -> Iterator[int]:
    """A process outside Trackside that computes on the first GPU until the file is there."""
    with subprocess.Popen(command(go), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("init 0 count")
        yield process.pid
        go.touch()


def test_a_job_gets_a_gpu_that_others_wait_for_and_one_without_sees_none(server: LiveServer, tmp_path: Path) -> None:
    go = tmp_path / "go"
    print(gpus(server), server.get("gpus").json()["message"])
    holds = server.submit(command=command(go), gpus=everything(server), name="holds")
    uuids = server.running(holds["id"])["gpus"]
    assert uuids == [gpu["uuid"] for gpu in gpus(server)]
    until(lambda: "init 0" in server.get(f"jobs/{holds['id']}/log").text, "a GiB on the GPU", 60)
    waits = server.submit(command=command(), gpus=1)
    said = until(lambda: holds["id"] in why(server, waits) and why(server, waits), "why it waits")
    print("explain:", said)
    assert server.job(waits["id"])["status"] == "pending"
    [holder] = gpus(server)[0]["holders"]
    print("holder:", holder)
    assert (holder["kind"], holder["label"]) == ("job", "holds")
    until(lambda: gpus(server)[0]["memory_used"] >= 1 << 30, "its memory", 20)
    assert log(server, server.submit(command=command())) == "init 100 count 0"  # CUDA_ERROR_NO_DEVICE
    go.touch()
    assert log(server, holds) == f"init 0 count {len(uuids)}"
    assert log(server, waits) == "init 0 count 1"


def test_two_jobs_share_a_gpu_by_halves(server: LiveServer, tmp_path: Path) -> None:
    go = tmp_path / "go"
    halves = [server.submit(command=command(go), gpus=0.5) for _ in range(2)]
    for half in halves:
        until(lambda half=half: "init 0" in server.get(f"jobs/{half['id']}/log").text, "both at once", 60)  # type: ignore[misc]
    assert server.job(halves[0]["id"])["gpus"] == server.job(halves[1]["id"])["gpus"]
    until(lambda: gpus(server)[0]["memory_used"] >= 2 << 30, "the memory of both", 20)
    go.touch()
    assert [log(server, half) for half in halves] == ["init 0 count 1"] * 2


def test_a_gpu_on_which_a_stranger_computes_is_left_alone_until_it_is_gone(server: LiveServer, tmp_path: Path) -> None:
    with stranger(tmp_path / "go") as pid:
        until(lambda: not gpus(server)[0]["free"], "the stranger seen", 20)
        waits = server.submit(command=command(), gpus=everything(server))
        said = until(lambda: why(server, waits), "why it waits")
        print("explain:", said, "holders:", gpus(server)[0]["holders"])
        assert f"process {pid}" in said or "memory in use decides" in said
        assert server.job(waits["id"])["status"] == "pending"
    assert log(server, waits).startswith("init 0")


def test_what_a_killed_runner_left_keeps_its_gpu_until_it_ends_also_over_a_restart(
    server: LiveServer, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    holds = server.submit(command=command(go), gpus=everything(server))
    until(lambda: "init 0" in server.get(f"jobs/{holds['id']}/log").text, "a GiB on the GPU", 60)
    [record] = (server.place.home / "runs" / holds["run_id"] / "attempts").glob("*.json")
    attempt = json.loads(record.read_text())
    os.kill(attempt["runner"]["pid"], signal.SIGKILL)
    waits = server.submit(command=command(), gpus=everything(server))
    until(lambda: "holds 1" in why(server, waits), "why it waits")
    server.kill()
    server.start()
    assert server.job(waits["id"])["status"] == "pending"
    print("explain:", why(server, waits))
    go.touch()
    assert log(server, waits).startswith("init 0")
    print("the killed runner's job:", server.ended(holds["id"])["status"], server.job(holds["id"])["reason"])


def test_a_training_on_it_is_tracked_and_so_is_the_gpu(server: LiveServer) -> None:
    pytest.importorskip("torch")
    job = server.submit(command=[sys.executable, "-c", TRAIN], gpus=1, name="train")
    text = log(server, job)
    print(text)
    assert "seen 1 NVIDIA" in text
    folder = server.place.home / "runs" / job["run_id"]
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    assert len(lines) > 10
    assert '"half"' in lines[0]
    samples = (folder / "system.jsonl").read_text().splitlines()
    print(samples[-1])
    seen = [json.loads(line) for line in samples]
    used = [value for sample in seen for name, value in sample.items() if name.startswith("gpu") and "util" in name]
    assert used
    assert max(used) > 20


def test_a_kernel_on_it_is_named_with_the_way_out_and_its_tensors_travel_as_copies(server: LiveServer) -> None:
    pytest.importorskip("torch")
    kernel = ServerKernel(server)
    kernel.execute("%load_ext trackside\nimport torch\nweights = torch.arange(1 << 20, device='cuda')")
    until(lambda: not gpus(server)[0]["free"], "the kernel seen on the GPU", 20)
    waits = server.submit(command=command(), gpus=everything(server))
    print("explain:", why(server, waits), "holders:", gpus(server)[0]["holders"])
    assert "--share-gpu" in why(server, waits)
    cell = kernel.execute(
        "%%submit -g 1 --share-gpu --wait -o total\ntotal = int(weights.to('cuda').sum())\nprint(weights.device, total)"
    )
    print(cell.text)
    assert "carried as a copy in memory" in cell.text
    total = kernel.execute("print(total)").stdout.strip()
    assert total == str((1 << 20) * ((1 << 20) - 1) // 2)
    kernel.close()
    assert log(server, waits).startswith("init 0")
