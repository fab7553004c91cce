"""What dies is killed with SIGKILL here, and nothing that was acknowledged or ran is lost."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

from tests.serving import LiveServer, Place, until

_COUNTING = "for i in 1 2 3 4 5 6; do echo line $i; sleep 0.5; done; exit 5"


def _attempt(job: dict[str, Any], number: int = 1) -> dict[str, Any]:
    path = Path(job["run_dir"], "attempts", f"{number}.json")
    record: dict[str, Any] = json.loads(until(lambda: path.exists() and path.read_text(), f"{path}"))
    return record


def _kill(pid: int, what: str) -> None:
    print(f"SIGKILL to {what} {pid}")
    os.kill(pid, signal.SIGKILL)


def test_a_killed_server_disturbs_no_job_and_the_queue_and_events_go_on(place: Place) -> None:
    """Check 2: exit code and log are whole, the queue goes on in order, events resume with no gap and no repeat."""
    server = LiveServer(place, options=("--TracksideApp.cpus=1",)).start()
    running = server.submit(command=_COUNTING, name="running")
    queued = [server.submit(command=["sh", "-c", f"echo {n}"], name=f"queued-{n}") for n in (1, 2)]
    server.running(running["id"])
    with server.events("events?since=0") as stream:
        seen = [int(number) for kind, number, _ in _take(stream, 5) if kind == "event"]
    process = _attempt(running)["process"]["pid"]
    server.kill()
    assert Path(f"/proc/{process}").exists()

    server.start()
    ended = server.ended(running["id"])
    assert (ended["status"], ended["exit_code"], ended["attempt"]) == ("failed", 5, 1), ended
    assert server.get("jobs/running/log").text == "".join(f"line {n}\n" for n in range(1, 7))
    after = [server.ended(job["id"]) for job in queued]
    assert [job["status"] for job in after] == ["completed", "completed"]
    assert ended["finished_at"] <= after[0]["started_at"] <= after[1]["started_at"]

    with server.events("events", headers={"Last-Event-ID": str(seen[-1])}) as stream:
        for kind, number, data in stream:
            if kind == "event":
                seen.append(int(number))
                if (
                    data["type"] == "job"
                    and data["job"]["id"] == queued[1]["id"]
                    and data["job"]["status"] == "completed"
                ):
                    break
    assert seen == list(range(1, len(seen) + 1))
    server.stop()


def _take(stream: Any, count: int) -> list[tuple[str, str, dict[str, Any]]]:
    return [next(stream) for _ in range(count)]


def test_an_acknowledged_submit_is_kept_and_a_key_never_doubles_it(place: Place) -> None:
    server = LiveServer(place, options=("--TracksideApp.cpus=1",)).start()
    server.submit(command=["sleep", "600"], grace=0)
    made = [
        server.post("jobs", json={"command": ["/bin/true"]}, headers={"Idempotency-Key": f"k{n}"}).json()
        for n in range(5)
    ]
    server.kill()
    server.start()
    again = [
        server.post("jobs", json={"command": ["/bin/true"]}, headers={"Idempotency-Key": f"k{n}"}).json()
        for n in range(5)
    ]
    assert [job["id"] for job in again] == [job["id"] for job in made]
    assert sum(server.get("jobs").json()["counts"].values()) == 6
    server.stop()


def test_the_second_server_of_a_home_serves_and_takes_over(place: Place, tmp_path: Path) -> None:
    """Check 8: one schedules, both work; killing the first hands over."""
    first = LiveServer(place).start()
    second = LiveServer(place).start()
    assert (first.get("health").json()["schedules"], second.get("health").json()["schedules"]) == (True, False)
    by_second = second.submit(command=["sh", "-c", "echo by second"])
    assert first.ended(by_second["id"])["status"] == "completed"
    assert second.ended(by_second["id"])["status"] == "completed"

    long = first.submit(command=_COUNTING)
    first.running(long["id"])
    first.kill()
    until(lambda: second.get("health").json()["schedules"], "the second server to schedule", 10)
    assert second.ended(long["id"])["exit_code"] == 5
    assert second.ended(second.submit(command=["/bin/true"])["id"])["status"] == "completed"
    second.stop()


def test_cancel_at_a_server_that_does_not_schedule_reaches_the_one_that_does(place: Place) -> None:
    first, second = LiveServer(place).start(), LiveServer(place).start()
    job = first.submit(command=["sleep", "600"], grace=0)
    second.running(job["id"])
    assert second.post(f"jobs/{job['id']}/cancel").status_code == 202
    assert first.ended(job["id"])["status"] == "cancelled"
    first.stop()
    second.stop()


def test_a_killed_runner_loses_neither_the_job_nor_its_exit_code(server: LiveServer) -> None:
    """Check 9, first half."""
    job = server.submit(command=_COUNTING)
    server.running(job["id"])
    _kill(_attempt(job)["runner"]["pid"], "runner")
    ended = server.ended(job["id"])
    assert (ended["status"], ended["reason"]["code"], ended["exit_code"]) == ("failed", "exit_code", 5), ended
    assert server.get(f"jobs/{job['id']}/log").text.endswith("line 6\n")


def test_a_killed_template_leaves_running_jobs_alone_and_the_next_submit_works(server: LiveServer) -> None:
    """Check 9, second half."""
    job = server.submit(command=_COUNTING)
    server.running(job["id"])
    _kill(_attempt(job)["template"]["pid"], "template")
    following = server.submit(command=["/bin/true"])
    assert server.ended(following["id"])["status"] == "completed"
    assert server.ended(job["id"])["exit_code"] == 5


def test_with_runner_and_template_both_killed_the_end_is_lost_and_never_guessed(server: LiveServer) -> None:
    job = server.submit(command=["sleep", "2"])
    server.running(job["id"])
    record = _attempt(job)
    _kill(record["template"]["pid"], "template")
    _kill(record["runner"]["pid"], "runner")
    ended = server.ended(job["id"])
    assert (ended["status"], ended["reason"]["code"], ended["exit_code"]) == ("failed", "lost", None), ended


def test_sigterm_of_the_server_returns_quickly_with_jobs_running(place: Place) -> None:
    server = LiveServer(place)
    taken: list[float] = []
    while len(taken) < 3 and not any(
        took < 2 for took in taken
    ):  # a moment in which the machine is busy proves nothing
        server.start()
        job = server.submit(command=["sleep", "600"], grace=0)
        server.running(job["id"])
        taken.append(server.stop())
    assert min(taken) < 2, f"the server took {taken} s to end"
    process = _attempt(job)["process"]["pid"]
    assert Path(f"/proc/{process}").exists()


def test_a_run_folder_deleted_under_a_running_job_ends_as_lost(server: LiveServer) -> None:
    job = server.submit(command=["sleep", "1"])
    server.running(job["id"])
    for path in sorted(Path(job["run_dir"]).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    Path(job["run_dir"]).rmdir()
    ended = server.ended(job["id"])
    assert (ended["status"], ended["reason"]["code"]) == ("failed", "lost"), ended
