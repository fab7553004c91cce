"""Servers come and go, in pairs, in haste and with work under way; no job is lost, doubled or left behind."""

from __future__ import annotations

import collections
import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import SLACK, LiveServer, Place, until
from tests.window import Window

_FINAL = {"completed", "failed", "cancelled"}


def _counting(file: Path, name: str, seconds: float = 0.0) -> list[str]:
    """A command that leaves one line for each time it was run."""
    return ["sh", "-c", f"sleep {seconds}; echo {name} >> {file}"]


def _all_ended(server: LiveServer, timeout: float = 60) -> list[dict[str, Any]]:
    def unfinished() -> bool:
        counts = server.get("jobs").json()["counts"]
        return not sum(count for status, count in counts.items() if status not in _FINAL)

    until(unfinished, "all jobs to end", timeout, pause=0.1)
    jobs: list[dict[str, Any]] = server.get("jobs", params={"limit": 500}).json()["jobs"]
    return jobs


def test_a_server_killed_again_and_again_under_load_runs_each_job_once(place: Place, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    server = LiveServer(place, options=("--TracksideApp.cpus=4",)).start()
    made = [server.submit(command=_counting(ran, f"n{n}", 0.2), name=f"n{n}", cpus=0.5)["id"] for n in range(30)]
    for round_ in range(5):
        if round_ == 2:
            took = server.stop()
            assert took < 5 + SLACK, f"the server took {took:.1f} s to end under load"
        else:
            server.kill()
        server.start()
        made.append(server.submit(command=_counting(ran, f"n{len(made)}"), name=f"n{len(made)}")["id"])
    jobs = _all_ended(server)
    server.stop()
    assert {job["id"] for job in jobs} == set(made)
    assert {(job["status"], job["attempt"]) for job in jobs} == {("completed", 1)}, jobs
    assert collections.Counter(ran.read_text().split()) == {f"n{n}": 1 for n in range(35)}


def test_two_servers_take_jobs_at_the_same_time_and_each_runs_once(place: Place, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    first = LiveServer(place, options=("--TracksideApp.cpus=4",)).start()
    second = LiveServer(place, options=("--TracksideApp.cpus=4",)).start()
    made: list[str] = []

    def submit(server: LiveServer, label: str) -> None:
        client = httpx.Client(headers={"Authorization": f"token {server.token}"}, timeout=60)
        for n in range(30):
            body = {"command": _counting(ran, f"{label}{n}"), "workdir": "/tmp", "cpus": 0.5}
            made.append(client.post(server.api + "jobs", json=body).raise_for_status().json()["id"])

    with second.events("events?since=0") as events:
        threads = [threading.Thread(target=submit, args=each) for each in ((first, "a"), (second, "b"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        jobs = _all_ended(second)
        seen, ended = [], set[str]()
        for kind, number, data in events:
            if kind == "event":
                seen.append(int(number))
                if data["type"] == "job" and data["job"]["status"] in _FINAL:
                    ended.add(data["job"]["id"])
            if ended == set(made):
                break
    assert len(set(made)) == len(made) == 60
    assert {(job["status"], job["attempt"]) for job in jobs} == {("completed", 1)}
    assert collections.Counter(ran.read_text().split()) == {f"{label}{n}": 1 for label in "ab" for n in range(30)}
    assert seen == list(range(1, len(seen) + 1)), "the events have gaps or repeats"
    first.stop()
    second.stop()


@pytest.mark.parametrize("seed", range(2))
def test_a_cancel_at_any_moment_ends_the_job_and_all_of_it(live: LiveServer, seed: int) -> None:
    """While it waits, while it is started, while it runs, while it ends."""
    chance = random.Random(seed)
    jobs = []
    for _ in range(25):
        job = live.submit(command="sleep 0.05; sleep 30 & wait", grace=0, cpus=0.25)
        time.sleep(chance.choice((0, 0, 0.002, 0.01, 0.02, 0.04, 0.07)))
        answer = live.post(f"jobs/{job['id']}/cancel")
        assert answer.status_code == 202, answer.text
        assert answer.json()["cancelling"] or answer.json()["status"] == "cancelled", answer.text
        jobs.append(job["id"])
    ended = [live.ended(job) for job in jobs]
    assert {(job["status"], job["reason"]["code"]) for job in ended} == {("cancelled", "cancelled_by_user")}, ended
    for job in ended:
        for record in Path(job["run_dir"], "attempts").glob("*.json"):
            process = json.loads(record.read_text())["process"]
            if process is not None:
                until(lambda pid=process["pid"]: not Path(f"/proc/{pid}").exists(), f"the end of {job['id']}", 5)


def test_many_cancels_of_one_job_are_one(live: LiveServer) -> None:
    job = live.submit(command="sleep 60", grace=0)
    live.running(job["id"])
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(live.post(f"jobs/{job['id']}/cancel").status_code))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert set(answers) <= {202, 409}, answers
    assert 202 in answers
    assert live.ended(job["id"])["status"] == "cancelled"


def test_sigterm_with_streams_open_returns_within_two_seconds(place: Place) -> None:
    server = LiveServer(place).start()
    job = server.submit(command="while true; do echo tick; sleep 0.05; done", grace=0)
    server.running(job["id"])
    with (
        Window(server) as window,
        server.events("events") as events,
        server.events(f"jobs/{job['id']}/log?follow=1") as log,
    ):
        for sub, channel in (("e", "events"), ("l", "log"), ("m", "metrics"), ("s", "system")):
            window.subscribe(sub, channel, run=job["id"])
            window.until("subscribed", sub)
        next(events), next(log)
        took = server.stop()
    assert took < 2 + SLACK, f"the server took {took:.1f} s to end"
    log_text = (place.root / "server.log").read_text()
    assert "Traceback" not in log_text, log_text[log_text.index("Traceback") - 300 :][:3000]
    assert not list(place.runtime.glob("trackside-*.json")), "the address of a server that is gone was left"


def test_running_jobs_keep_an_idle_server_alive_and_our_questions_do_not(place: Place) -> None:
    server = LiveServer(
        place, command=("tests.impatient",), options=("--ServerApp.shutdown_no_activity_timeout=1",)
    ).start()
    job = server.submit(command=["sleep", "4"])
    until(lambda: _is_gone(server), "the idle server to end, though it is asked all the time", 30, pause=0.1)
    record = json.loads(Path(job["run_dir"], "attempts", "1.json").read_text())
    assert record["exit"]["status"] == "completed", "it ended while its job was running"


def _is_gone(server: LiveServer) -> bool:
    assert server.process is not None
    try:
        server.get("health")
        server.get("jobs")
    except httpx.HTTPError:
        pass
    return server.process.poll() is not None


# The headless server


class Headless:
    """A headless server of a home."""

    def __init__(self, place: Place, linger: float = 600) -> None:
        self._log = (place.root / "headless.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trackside_server", "--home", str(place.home), "--linger", str(linger)],
            env=place.environment(), stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._file = place.runtime / f"trackside-{self.process.pid}.json"
        self.address: dict[str, Any] = until(self._address, "the address of the headless server", 60)

    def _address(self) -> dict[str, Any] | None:
        assert self.process.poll() is None, "the headless server ended at once"
        return json.loads(self._file.read_text()) if self._file.exists() else None

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask it with its own secret."""
        headers = {"Authorization": f"Bearer {self.address['token']}"}
        return httpx.request(method, self.address["api"] + path, headers=headers, timeout=30, **options)

    def ends(self, timeout: float) -> float:
        """Wait for its end; return the seconds that it took."""
        began = time.monotonic()
        until(lambda: self.process.poll() is not None, "the headless server to end", timeout, pause=0.05)
        self._log.close()
        return time.monotonic() - began


@pytest.fixture
def root(place: Place) -> Place:
    """A place whose folder is there."""
    place.root.mkdir(parents=True)
    return place


def test_a_headless_server_ends_by_itself_when_nothing_is_left_to_do(root: Place) -> None:
    server = Headless(root, linger=1)
    assert server.address["headless"] is True
    job = server.request("POST", "jobs", json={"command": ["sleep", "3"], "workdir": "/tmp"}).json()
    server.ends(20)
    record = json.loads(Path(job["run_dir"], "attempts", "1.json").read_text())
    assert record["exit"]["status"] == "completed", "it ended while its job was running"
    assert not list(root.runtime.glob("trackside-*.json"))


def test_a_headless_server_hands_over_to_a_jupyter_server(root: Place) -> None:
    headless = Headless(root)
    job = headless.request("POST", "jobs", json={"command": ["sleep", "8"], "workdir": "/tmp", "name": "handed"}).json()
    server = LiveServer(root).start()
    headless.ends(20)
    until(lambda: server.get("health").json()["schedules"], "the Jupyter server to schedule", 10)
    assert server.ended(job["id"])["status"] == "completed"
    server.stop()


def test_of_two_headless_servers_the_first_stays(root: Place) -> None:
    first, second = Headless(root), Headless(root)
    second.ends(20)
    assert first.process.poll() is None
    assert first.request("GET", "health").json()["schedules"]
    first.process.terminate()
    first.ends(10)
