"""The server stays quick while much is submitted, and with much in its store."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import websocket

from tests.filled import fill_jobs
from tests.serving import LiveServer, Place, stop_templates, until
from tests.window import Window

_TRIES = 4
_SLACK = 10
"""The machine may be busy with other things: a test guards the order of magnitude, ``make bench`` measures the bars."""

_SUBMITS = """
import sys, time, httpx
api, token, count = sys.argv[1:4]
client = httpx.Client(headers={"Authorization": f"token {token}"}, timeout=60)
environment = {f"VARIABLE_{n}": "x" * 60 for n in range(50)}
took = []
for n in range(int(count)):
    began = time.perf_counter()
    answer = client.post(api + "jobs", json={"command": ["/bin/true"], "workdir": "/tmp", "environment": environment})
    assert answer.status_code == 201, answer.text
    took.append(time.perf_counter() - began)
took.sort()
print(took[len(took) // 2], took[int(len(took) * 0.99)], sum(took))
"""


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _best(measure: Callable[[], float], bar: float, what: str) -> float:
    """Measure until the bar with its slack is passed, a few times; return the best."""
    seen: list[float] = []
    while len(seen) < _TRIES:
        seen.append(measure())
        if seen[-1] <= bar * _SLACK:
            break
    print(f"{what}: {', '.join(f'{each * 1000:.1f}' for each in seen)} ms (bar {bar * 1000:.0f} ms)")
    assert min(seen) <= bar * _SLACK, f"{what}: {[round(each * 1000, 1) for each in seen]} ms"
    return min(seen)


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose only CPU is taken, so that what is submitted waits."""
    server = LiveServer(Place(tmp_path_factory.mktemp("idle")), options=("--TracksideApp.cpus=1",)).start()
    holder = server.submit(command=["sleep", "600"], grace=0)
    server.running(holder["id"])
    yield server
    server.stop()
    stop_templates(server.place.home)


def test_a_thousand_submits_in_a_loop_keep_nobody_else_waiting(idle: LiveServer) -> None:
    """Check 5, first half: p99 of other requests is at most 100 ms meanwhile."""

    def measure() -> float:
        submitter = subprocess.Popen(
            [sys.executable, "-c", _SUBMITS, idle.api, idle.token, "1000"], stdout=subprocess.PIPE, text=True
        )
        waits: dict[str, list[float]] = {"health": [], "jobs?limit=50": []}
        while submitter.poll() is None:
            for path, seen in waits.items():
                began = time.perf_counter()
                assert idle.get(path).status_code == 200
                seen.append(time.perf_counter() - began)
            time.sleep(0.005)
        median, p99, whole = map(float, submitter.communicate()[0].split())
        for path, seen in waits.items():
            print(
                f"GET {path}: median {_percentile(seen, 0.5) * 1000:.1f} ms, p99 {_percentile(seen, 0.99) * 1000:.1f} ms"
            )
        print(f"submit: median {median * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, 1,000 in {whole:.1f} s")
        return max(_percentile(seen, 0.99) for seen in waits.values())

    _best(measure, 0.1, "p99 of other requests during 1,000 submits")


def test_a_list_of_a_thousand_keeps_nobody_else_waiting(idle: LiveServer) -> None:
    def measure() -> float:
        body = [{"command": ["/bin/true"], "workdir": "/tmp", "environment": {"A": "x" * 3000}}] * 1000
        answers: list[httpx.Response] = []
        thread = threading.Thread(
            target=lambda: answers.append(
                httpx.post(idle.api + "jobs", json=body, headers={"Authorization": f"token {idle.token}"}, timeout=60)
            )
        )
        waits = []
        thread.start()
        while thread.is_alive():
            began = time.perf_counter()
            assert idle.get("health").status_code == 200
            waits.append(time.perf_counter() - began)
            time.sleep(0.005)
        assert len(answers[0].json()) == 1000
        return _percentile(waits, 0.9)

    _best(measure, 0.25, "p90 of health during a list of 1,000")


def test_a_window_that_does_not_read_is_cut_off_and_resumes(idle: LiveServer) -> None:
    """It must never fill the server's memory; with its last position it misses nothing."""
    small = ((socket.SOL_SOCKET, socket.SO_RCVBUF, 4096),)
    window = Window(idle, sockopt=small)
    window.subscribe("e", "events", since=0)
    assert window.next()["type"] == "subscribed"
    body = [{"command": ["/bin/true"], "workdir": "/tmp", "tags": ["x" * 4000]}] * 1000
    for _ in range(8):
        assert idle.post("jobs", json=body, timeout=60).status_code == 201
    last = 0
    with contextlib.suppress(websocket.WebSocketConnectionClosedException):
        while True:
            message = window.next()
            assert message["next"] == last + 1
            last = message["next"]
    with idle.events("events") as events:
        newest = next(events)[2]["next"]
    assert last < newest
    with Window(idle) as again:
        again.subscribe("e", "events", since=last)
        again.until("subscribed", "e")
        assert [again.next()["next"] for _ in range(newest - last)] == list(range(last + 1, newest + 1))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with 10,000 jobs in its store, 2,000 of them waiting, and a job that holds its only CPU."""
    place = Place(tmp_path_factory.mktemp("large"))
    fill_jobs(place.home)
    server = LiveServer(place, options=("--TracksideApp.cpus=1",)).start()
    until(lambda: server.get("jobs", params={"status": "running"}).json()["jobs"], "the first job to run")
    yield server
    server.stop()
    stop_templates(place.home)


@pytest.mark.parametrize(
    "path",
    [
        "jobs", "jobs?limit=50&status=failed", "jobs?limit=50&status=pending", "jobs?tag=t3", "jobs?name=experiment-7",
        "jobs?name=*99", "runs", "runs?query=experiment-42", "runs?status=failed", "runs?tag=t3",
    ],
)  # fmt: skip
def test_a_page_of_ten_thousand_takes_under_50_ms(large: LiveServer, path: str) -> None:
    """Check 5, second half."""

    def measure() -> float:
        took = []
        for _ in range(15):
            began = time.perf_counter()
            answer = large.get(path)
            took.append(time.perf_counter() - began)
            assert answer.status_code == 200, answer.text
        return _percentile(took, 0.5)

    _best(measure, 0.05, f"GET {path}")


def test_the_last_page_takes_no_longer_than_the_first(large: LiveServer) -> None:
    cursor, pages, took = None, 0, []
    while cursor or not pages:
        began = time.perf_counter()
        page = large.get("jobs", params={"limit": 500, **({"cursor": cursor} if cursor else {})}).json()
        took.append(time.perf_counter() - began)
        cursor, pages = page["next"], pages + 1
    assert pages == 20
    first, last = sorted(took[:5])[2], sorted(took[-5:])[2]
    print(f"a page of 500: the first {first * 1000:.0f} ms, the last {last * 1000:.0f} ms")
    assert last < 3 * first + 0.05 * _SLACK


@pytest.mark.parametrize(
    "path", ["jobs/job-9999", "jobs/job-9999/explain", "runs/job-77", "jobs/job-9999/log", "system"]
)
def test_one_thing_among_ten_thousand_is_found_at_once(large: LiveServer, path: str) -> None:
    def measure() -> float:
        took = []
        for _ in range(15):
            began = time.perf_counter()
            assert large.get(path).status_code == 200
            took.append(time.perf_counter() - began)
        return _percentile(took, 0.5)

    _best(measure, 0.03, f"GET {path}")


def test_a_job_is_taken_and_ends_with_thousands_waiting(large: LiveServer) -> None:
    def measure() -> float:
        took = []
        for _ in range(10):
            began = time.perf_counter()
            job = large.submit(command=["/bin/true"])
            took.append(time.perf_counter() - began)
            answer = large.post(f"jobs/{job['id']}/cancel")
            assert answer.json().get("status") == "cancelled", answer.text
        return _percentile(took, 0.5)

    _best(measure, 0.06, "submit with 2,000 jobs waiting")
