"""GPUs through real servers, on a machine whose GPUs are a stub of NVIDIA's library that the real pynvml loads."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.gpu_machine import Machine, gpu_machine
from tests.other_user import OtherUser
from tests.serving import LiveServer, until
from tests.stub_nvml import GIB, StubGpu
from trackside.probes.ancestry import program

A100, T4, SLICE = "NVIDIA A100-SXM4-80GB", "Tesla T4", "NVIDIA A100-SXM4-40GB MIG 3g.20gb"
MIXED = [
    *(StubGpu(f"GPU-a{n}", A100, f"00000000:{n}0:00.0", reserved=600 << 20) for n in range(4)),
    *(StubGpu(f"GPU-t{n}", T4, f"00000000:{n}0:00.0", total=16 * GIB) for n in (4, 5)),
    StubGpu("GPU-m", "NVIDIA A100-SXM4-40GB", "00000000:60:00.0", mig=[StubGpu("MIG-0", SLICE, total=20 * GIB)]),
    StubGpu("GPU-t7", T4, "00000000:70:00.0", total=16 * GIB),
]
SEES = 'echo "<$CUDA_VISIBLE_DEVICES>"'


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A machine of its own for each test."""
    with gpu_machine() as made:
        yield made


def busy(gpu: StubGpu, *pids: int, memory: int = 30 * GIB) -> StubGpu:
    return replace(gpu, used=memory, compute=[(pid, memory) for pid in pids])


def log(server: LiveServer, job: dict[str, Any]) -> str:
    ended = server.ended(job["id"])
    text = server.get(f"jobs/{job['id']}/log").text.strip()
    assert ended["status"] == "completed", (ended, text)
    return text


def why(server: LiveServer, job: dict[str, Any]) -> str:
    return str(server.get(f"jobs/{job['id']}/explain").json()["message"])


def refused(server: LiveServer, **fields: Any) -> str:
    answer = server.post("jobs", json={"command": "true", **fields})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    return f"{error['message']} {error['hint']}"


def gpus(server: LiveServer) -> dict[str, dict[str, Any]]:
    return {gpu["uuid"]: gpu for gpu in server.get("gpus").json()["gpus"]}


def holding(go: Path) -> str:
    """A job that ends when this file is there."""
    return f"until [ -e {go} ]; do sleep 0.02; done"


@contextlib.contextmanager
def stranger() -> Iterator[int]:
    """A process outside Trackside."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process.pid
        process.kill()


def test_a_job_sees_the_gpus_that_it_was_given_in_pci_order_and_one_without_sees_none(machine: Machine) -> None:
    machine.show(*reversed(MIXED))
    server = machine.serve()
    seen = {
        asked: log(server, server.submit(command=SEES, gpus=asked, env={"CUDA_VISIBLE_DEVICES": "7"}))
        for asked in (2, "a100:2", "2xa100", "T4x3", "t4", "mig", 0.5, 0)
    }
    first = "<GPU-a0,GPU-a1>"
    assert seen == {
        2: first, "a100:2": first, "2xa100": first, "T4x3": "<GPU-t4,GPU-t5,GPU-t7>", "t4": "<GPU-t4>",
        "mig": "<MIG-0>", 0.5: "<GPU-a0>", 0: "<>",
    }  # fmt: skip
    assert log(server, server.submit(command=SEES, gpus=1, gpu_memory="17G")) == "<GPU-a0>"
    cell = server.submit(cell="import os; print(repr(os.environ['CUDA_VISIBLE_DEVICES']))")
    assert log(server, cell) == "''"
    assert "Did you mean 'a100'?" in refused(server, gpus="a101")
    assert "'two' is no number of GPUs and no type that is here" in refused(server, gpus="two")
    assert "the largest here gives 80.0 GB" in refused(server, gpus=1, gpu_memory="90G")
    assert "Tesla T4" in refused(server, gpus="h100")
    assert "this machine has 7 (a MIG instance goes to a job that asks for one GPU)" in refused(server, gpus=8)


def test_one_that_falls_off_the_bus_is_shown_and_not_handed_out_and_its_job_goes_on(machine: Machine) -> None:
    first, second = MIXED[:2]
    machine.show(first, second)
    server, go = machine.serve(), machine.root / "go"
    running = server.submit(command=holding(go), gpus=1)
    assert server.running(running["id"])["gpus"] == ["GPU-a0"]
    machine.show(replace(first, error=15), second)
    until(lambda: "lost" in gpus(server)["GPU-a0"]["error"], "the lost GPU", 10)
    assert "GPU 0 (NVIDIA A100-SXM4-80GB) is not handed out: GPU is lost." in server.get("gpus").json()["message"]
    go.touch()
    assert server.ended(running["id"])["status"] == "completed"
    assert log(server, server.submit(command=SEES, gpus=1)) == "<GPU-a1>"
    waits = server.submit(command=SEES, gpus=2)
    assert "1 is not handed out: GPU is lost" in why(server, waits)
    machine.show(first, second)
    assert log(server, waits) == "<GPU-a0,GPU-a1>"


def test_a_gpu_on_which_others_compute_is_not_handed_out_and_is_free_when_they_are_gone(machine: Machine) -> None:
    a, b = MIXED[:2]
    with stranger() as pid:
        machine.show(busy(a, pid), replace(b, graphics=[(pid, GIB)], used=GIB))
        server = machine.serve()
        assert log(server, server.submit(command=SEES, gpus=1)) == "<GPU-a1>"
        waits = server.submit(command=SEES, gpus=2)
        user = psutil.Process(pid).username()
        assert f"process {pid} of {user} (sleep) holds 1 since " in why(server, waits)
        assert "1 of 2 is free" in why(server, waits)
        [holder] = gpus(server)["GPU-a0"]["holders"]
        assert (holder["kind"], holder["label"], holder["pid"], holder["user"]) == ("process", "sleep", pid, user)
        assert holder["memory"] == 30 * GIB
        assert gpus(server)["GPU-a1"]["free"]
    machine.show(a, b)
    assert log(server, waits) == "<GPU-a0,GPU-a1>"


def test_the_threshold_can_be_set_and_where_no_process_is_listed_memory_in_use_decides(machine: Machine) -> None:
    [a] = MIXED[:1]
    machine.show(replace(a, used=GIB))
    server = machine.serve(foreign_gpu_memory="512M")
    waits = server.submit(command=SEES, gpus=1)
    assert "NVML lists no process here, so memory in use decides" in why(server, waits)
    machine.show(replace(a, used=500 << 20))
    assert log(server, waits) == "<GPU-a0>"


def test_a_kernel_of_this_server_is_named_by_its_notebook_and_a_job_may_share_its_gpu(machine: Machine) -> None:
    [a] = MIXED[:1]
    machine.show(a)
    server = machine.serve()
    kernel = _start_kernel(server, "analysis.ipynb")
    machine.show(busy(a, kernel))
    until(lambda: not gpus(server)["GPU-a0"]["free"], "the kernel on the GPU", 10)
    waits = server.submit(command=SEES, gpus=1)
    said = until(lambda: "idle" in why(server, waits) and why(server, waits), "an idle kernel")
    assert "kernel analysis.ipynb holds 1 and has been idle " in said
    assert "(restart it, or submit with --share-gpu)" in said
    [holder] = gpus(server)["GPU-a0"]["holders"]
    assert (holder["kind"], holder["label"], holder["memory"]) == ("kernel", "analysis.ipynb", 30 * GIB)
    assert log(server, server.submit(command=SEES, gpus=1, share_gpu=True)) == "<GPU-a0>"
    assert server.job(waits["id"])["status"] == "pending"


def _start_kernel(server: LiveServer, path: str) -> int:
    body = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
    headers = {"Authorization": f"token {server.token}"}
    answer = server.client.post(f"{server.url}api/sessions", json=body, headers=headers)
    assert answer.status_code == 201, answer.text

    def kernels() -> list[int]:
        children = psutil.Process(server.pid).children(recursive=True)
        return [child.pid for child in children if program(child.pid).endswith("ipykernel_launcher")]

    return until(kernels, "the kernel's process")[0]


def test_jobs_of_other_homes_and_users_are_named_and_their_gpus_left_alone(machine: Machine) -> None:
    a, b, c = MIXED[:3]
    machine.show(a, b, c)
    one, two, go = machine.serve("one"), machine.serve("two"), machine.root / "go"
    theirs = one.submit(command=holding(go), gpus=1, time="2h", name="train")
    one.running(theirs["id"])
    other = OtherUser("GPU-a1", 0.5, machine.locks)
    assert other.said == "taken"
    assert log(two, two.submit(command=SEES, gpus=1)) == "<GPU-a2>"
    assert log(two, two.submit(command=SEES, gpus=0.5)) == "<GPU-a1>"
    waits = two.submit(command=SEES, gpus=3)
    said = why(two, waits)
    assert f"{theirs['id']} of another home (" in said
    assert "holds 1 until about " in said
    assert f"job-7 of another home ({OtherUser.name}" in said
    assert "holds 0.5 until about " in said
    [holder] = gpus(two)["GPU-a0"]["holders"]
    assert (holder["kind"], holder["share"], bool(holder["until"])) == ("other", 1.0, True)
    [holder] = gpus(one)["GPU-a0"]["holders"]
    assert (holder["kind"], holder["label"], holder["id"]) == ("job", "train", theirs["id"])
    assert holder["since"]
    go.touch()
    other.end()
    assert log(two, waits) == "<GPU-a0,GPU-a1,GPU-a2>"


USES = """
import fcntl, os, select, sys
folder, share = sys.argv[1], int(sys.argv[2])
uuids = os.environ["CUDA_VISIBLE_DEVICES"].split(",")
def count(uuid, more):
    with open(f"{folder}/{uuid}", "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        used = int(file.read() or 0) + more
        file.truncate(0)
        file.write(str(used))
    return used
used = [count(uuid, share) for uuid in uuids]
select.select([], [], [], 0.2)
for uuid in uuids:
    count(uuid, -share)
print(len(uuids), *used)
sys.exit(0 if all(eighths <= 8 for eighths in used) else 3)
"""


def test_two_servers_with_two_homes_never_give_a_gpu_or_a_slot_out_twice(machine: Machine) -> None:
    machine.show(*MIXED)
    servers = machine.serve("one"), machine.serve("two")
    marks = machine.root / "marks"
    marks.mkdir()
    asked = [1, 2, "a100:2", 0.5, "t4", 0.25, "mig", "2xt4", 4, 0.5, 1, 0.125, "a100", 3, 0.5, "t4:3", 2, 0.25, 6, 1]
    jobs = []
    for number, gpus in enumerate(asked):
        share = round(gpus * 8) if isinstance(gpus, float) else 8
        command = [sys.executable, "-I", "-S", "-c", USES, str(marks), str(share)]
        server = servers[number % 2]
        jobs.append((server, server.submit(command=command, gpus=gpus, cpus=0.1)["id"]))
    counts = {}
    for (server, job), gpus in zip(jobs, asked, strict=True):
        ended = server.ended(job, 120)
        text = server.get(f"jobs/{job}/log").text
        assert (ended["status"], ended["exit_code"]) == ("completed", 0), (gpus, ended["reason"], text)
        counts[f"{gpus}"] = len(ended["gpus"])
    assert [counts[each] for each in ("4", "6", "a100:2", "0.5", "mig", "t4:3")] == [4, 6, 2, 1, 1, 3]
    assert {mark.read_text() for mark in marks.iterdir()} == {"0"}
    until(lambda: not list(Path(machine.locks).glob("note-*")), "the last note to go")


def test_a_job_keeps_the_price_of_the_gpus_that_it_got_over_attempts_and_servers(
    machine: Machine, tmp_path: Path
) -> None:
    machine.show(StubGpu("GPU-a", A100), StubGpu("GPU-t", T4))
    prices = {"prices": "{'cpu': 0, 'a100': 3600, 't4': 360}", "currency": "EUR"}
    server = machine.serve(**prices)
    made = server.submit(command=holding(tmp_path / "go"), gpus="a100")
    running = server.running(made["id"])
    assert (running["cost_per_hour"], running["currency"]) == (3600, "EUR")
    server.stop()
    server = machine.serve(**{**prices, "prices": "{'cpu': 0, 'a100': 7200, 't4': 720}"})
    (tmp_path / "go").touch()
    first = server.ended(made["id"])
    lasted = _lasted(first)
    assert first["cost"] == pytest.approx(lasted, rel=0.01)
    assert first["gpu_hours"] == pytest.approx(lasted / 3600, rel=0.01)
    run = server.get(f"runs/{made['id']}").json()
    assert (run["cost"], run["gpu_hours"]) == (first["cost"], first["gpu_hours"])
    server.post(f"jobs/{made['id']}/retry")
    again = server.ended(made["id"])
    assert again["attempt"] == 2
    assert again["cost"] - first["cost"] == pytest.approx(2 * _lasted(again), rel=0.01), "the price of today"


def _lasted(job: dict[str, Any]) -> float:
    begun, ended = datetime.fromisoformat(job["started_at"]), datetime.fromisoformat(job["finished_at"])
    return (ended - begun).total_seconds()
