"""Rows: SIGKILL to each of our processes, and to the job's own."""

from __future__ import annotations

import random
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.faults import gpus
from tests.faults.row import Row, alive
from tests.kernels import ServerKernel
from tests.serving import LiveServer, until


def test_server(row: Row) -> None:
    """kill -9 of the server"""
    server = row.server("--TracksideApp.cpus=1")
    running = row.submit(server, f"echo begun; {row.until_file('go', 5)}")
    queued = [row.submit(server, f"echo {number}") for number in (1, 2)]
    row.marked(running)
    with server.events("events?since=0") as stream:
        seen = [int(number) for kind, number, _ in (next(stream) for _ in range(5)) if kind == "event"]
    row.before()
    process = row.record(running)["process"]["pid"]
    row.kill_server(server)
    assert alive(process)
    server.start()
    row.go("go")
    ended = server.ended(running)
    assert (ended["status"], ended["exit_code"], ended["attempt"]) == ("failed", 5, 1), ended
    assert server.get(f"jobs/{running}/log").text == "begun\n"
    after = [server.ended(job) for job in queued]
    assert ended["finished_at"] <= after[0]["started_at"] <= after[1]["started_at"]
    with server.events("events", headers={"Last-Event-ID": str(seen[-1])}) as stream:
        for kind, number, data in stream:
            if kind == "event":
                seen.append(int(number))
                if data["type"] == "job" and (data["job"]["id"], data["job"]["status"]) == (queued[1], "completed"):
                    break
    assert seen == list(range(1, len(seen) + 1)), "events were lost or repeated"
    row.after(running, *queued)


def test_server_in_the_middle_of_a_submit(row: Row) -> None:
    """kill -9 of the server in the middle of a submit"""
    server = row.server("--TracksideApp.cpus=1", port=0)
    blocker = row.submit(server, row.until_file("go"))
    row.marked(blocker)
    _killed_while_many_submit(row, server)
    _killed_before_the_commit(row, server)
    row.go("go")
    row.after()
    for job in row.acknowledged:
        assert server.ended(job)["status"] == "completed"


def _killed_while_many_submit(row: Row, server: LiveServer) -> None:
    """Whatever was acknowledged is kept; the others, sent again under their keys, are there exactly once."""
    answers: dict[str, str] = {}
    enough = threading.Event()

    def submit(number: int) -> None:
        try:
            made = _post(row, server, f"key-{number}")
        except httpx.HTTPError:
            return
        if made.status_code == 201:
            answers[f"key-{number}"] = made.json()["id"]
            if len(answers) >= wanted:
                enough.set()

    wanted = random.randrange(3, 20)
    with ThreadPoolExecutor(6) as pool:
        sent = [pool.submit(submit, number) for number in range(30)]
        assert enough.wait(30), f"only {len(answers)} answers"
        row.kill_server(server)
        row.say(f"{len(answers)} of {len(sent)} submits were acknowledged")
    server.start()
    for key, job in answers.items():
        row.acknowledged[job] = server.job(job)
        assert _post(row, server, key).json()["id"] == job
    again = {key: _post(row, server, key).json()["id"] for key in (f"key-{number}" for number in range(30))}
    assert len(set(again.values())) == 30
    row.acknowledged.update({job: server.job(job) for job in again.values()})
    assert sum(server.get("jobs?limit=1").json()["counts"].values()) == 31, "a key was doubled"


def _killed_before_the_commit(row: Row, server: LiveServer) -> None:
    """Another process holds the store's lock, so that the submit is under way and not acknowledged."""
    before = server.get("jobs?limit=1").json()["counts"]
    lock = sqlite3.connect(row.place.home / "trackside.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    failed: list[Exception] = []

    def submit() -> None:
        try:
            _post(row, server, "held up")
        except httpx.HTTPError as error:
            failed.append(error)

    thread = threading.Thread(target=submit)
    thread.start()
    for _ in range(5):  # each answer gives the submit, which was sent before, its turn
        server.get("health")
    row.kill_server(server)
    thread.join()
    lock.close()
    assert failed, "a submit was acknowledged that cannot have been kept"
    server.start()
    assert server.get("jobs?limit=1").json()["counts"] == before


def _post(row: Row, server: LiveServer, key: str) -> httpx.Response:
    with httpx.Client(timeout=30) as client:
        return client.post(
            server.api + "jobs",
            json={"command": row.shell("true"), "workdir": "/tmp", "name": key.replace(" ", "-")},
            headers={"Authorization": f"token {server.token}", "Idempotency-Key": key},
        )


def test_runner(row: Row) -> None:
    """kill -9 of the runner: the job goes on, exit code, limits and lease hold"""
    gpus.one_gpu(row)
    server = row.server("--TracksideApp.cpus=4")
    plain = row.submit(server, row.until_file("go", 7))
    leased = row.submit(server, "sleep 600", gpus=1, time=3, grace=1)
    row.marked(plain)
    row.marked(leased)
    waits = row.submit(server, "true", gpus=1)
    row.before(plain, leased, waits)
    for job in (plain, leased):
        row.kill(row.record(job)["runner"], f"runner of {job}")
    assert alive(row.record(plain)["process"]["pid"])
    assert leased in server.get(f"jobs/{waits}/explain").json()["message"]
    row.go("go")
    first, second, third = server.ended(plain), server.ended(leased), server.ended(waits)
    row.after(plain, leased, waits)
    assert (first["status"], first["exit_code"]) == ("failed", 7)
    assert second["reason"]["code"] == "time_limit"
    assert third["status"] == "completed"
    assert third["started_at"] >= second["finished_at"], "two jobs held one GPU"


def test_template(row: Row) -> None:
    """kill -9 of the template: running jobs and the next submit do not notice"""
    server = row.server("--TracksideApp.cpus=4")
    job = row.submit(server, row.until_file("go", 5))
    row.marked(job)
    row.before(job)
    row.kill(row.record(job)["template"], "template")
    following = row.submit(server, "true")
    assert server.ended(following)["status"] == "completed"
    row.go("go")
    assert server.ended(job)["exit_code"] == 5
    row.after(job, following)


def test_runner_and_template(row: Row) -> None:
    """kill -9 of runner and template together: lost, never guessed"""
    server = row.server()
    job = row.submit(server, f"setsid sh -c 'trap \"\" TERM; sleep 600; sleep 600' & {row.until_file('go')}")
    row.marked(job)
    row.before(job)
    record = row.record(job)
    for role in ("template", "runner"):
        row.kill(record[role], role)
    assert server.job(job)["status"] == "running", "its process lives; unknown is not dead"
    row.go("go")
    ended = server.ended(job)
    row.after(job)
    assert (ended["status"], ended["reason"]["code"], ended["exit_code"]) == ("failed", "lost", None), ended


_LEAVES_A_GRANDCHILD = """
setsid sh -c 'trap "" TERM; echo $$ > {pid}; while :; do sleep 0.1; done' &
wait
"""


def test_main_process_with_a_grandchild_on_the_gpu(row: Row) -> None:
    """kill -9 of the job's main process with a grandchild left on the GPU"""
    stub = gpus.one_gpu(row)
    server = row.server("--TracksideApp.cpus=4")
    written = row.place.root / "grandchild"
    job = row.submit(server, _LEAVES_A_GRANDCHILD.format(pid=written), gpus=1, grace=1.5)
    grandchild = int(until(lambda: written.exists() and written.read_text().strip(), "the grandchild's pid"))
    gpus.show(stub, f"{grandchild}:1073741824")
    following = row.submit(server, f"! kill -0 {grandchild} 2>/dev/null", gpus=1)
    row.before(job, following)
    row.kill(row.record(job)["process"], f"main process of {job}")
    assert alive(grandchild)
    assert server.job(following)["status"] == "pending", "the lease was freed under the grandchild"
    ended = server.ended(job)
    assert not alive(grandchild)
    gpus.show(stub)
    after = server.ended(following)
    row.after(job, following)
    assert (ended["status"], ended["reason"]["code"], ended["exit_code"]) == ("failed", "signal", -9), ended
    assert after["status"] == "completed", "the next job got the GPU while the grandchild held it"


def test_kernel(row: Row) -> None:
    """kill -9 of the kernel that submitted"""
    server = row.server()
    kernel = ServerKernel(server)
    command: Any = row.shell(row.until_file("go", 3))
    told = kernel.execute(f"import trackside\njob = trackside.submit({command!r})\nprint(job.id)")
    job = told.stdout.split()[-1]
    row.acknowledged[job] = server.job(job)
    row.marked(job)
    row.before(job)
    row.say(f"SIGKILL to kernel, process {kernel.pid}")
    kernel.kill()
    row.go("go")
    assert server.ended(job)["exit_code"] == 3
    row.after(job)


def test_sigterm_of_the_server(row: Row) -> None:
    """SIGTERM of the server returns in under 2 s with jobs running"""
    server = row.server("--TracksideApp.cpus=4")
    jobs = [row.submit(server, row.until_file("go")) for _ in range(3)]
    for job in jobs:
        row.marked(job)
    row.before(*jobs)
    taken: list[float] = []
    while len(taken) < 3 and not any(
        took < 2 for took in taken
    ):  # a moment in which the machine is busy proves nothing
        taken.append(server.stop())
        row.say(f"SIGTERM to server, which took {taken[-1]:.2f} s to end")
        server.start()
    assert min(taken) < 2, f"the server took {taken} s to end"
    assert all(alive(row.record(job)["process"]["pid"]) for job in jobs)
    row.go("go")
    assert [server.ended(job)["status"] for job in jobs] == ["completed"] * 3
    row.after(*jobs)


@pytest.mark.timeout(600)  # each start of a Jupyter server costs seconds of CPU
def test_twenty_restarts(row: Row) -> None:
    """The server restarted 20 times in a minute under load"""
    server = row.server("--TracksideApp.cpus=2")
    dice = random.Random(7)
    for turn in range(20):
        for number in range(3):
            row.submit(server, f"sleep 0.{number + 1}; exit {number}")
        if turn % 2:
            server.stop()
        else:
            server.kill()
        if turn == 9:
            row.say(f"half way, after {turn + 1} restarts, every other one a SIGKILL")
        server.start() if dice.random() < 0.9 else _start_twice(server)
    row.before()
    ended = [server.ended(job, 60) for job in row.acknowledged]
    row.after()
    assert [job["exit_code"] for job in ended] == [0, 1, 2] * 20


def _start_twice(server: LiveServer) -> None:
    """Killed again before it serves."""
    server._spawn()
    server.kill()
    server.start()
