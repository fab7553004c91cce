"""What looking after jobs costs: a runner's memory and CPU, a cancel, a restart over many jobs, the loop meanwhile."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from tests.bench.rows import Row, quantile
from tests.serving import OTHERS, LiveServer, Place, stop_templates, until
from trackside.client import Client

_RUNNING, _QUEUED = 500, 10_000
_QUIET = 20.0
_SLEEPER = {"command": ["sleep", "3600"], "workdir": "/tmp"}


def rows() -> Iterator[Row]:
    """One home; its server is killed and started again while jobs run and wait."""
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder) / "place")
        server = LiveServer(place, options=(f"--TracksideApp.cpus={_RUNNING}",)).start()
        try:
            yield from _runner(server)
            yield from _cancel(server)
            with _asking(server) as waits:
                _fill(server)
            yield Row("loop while 500 jobs start and 10,000 queue up, p99", quantile(waits, 0.99) * 1e3, "ms", 50)
            yield from _restart(server)
        finally:
            server.kill()
            _end_all(place.home)
            stop_templates(place.home)


def _runner(server: LiveServer) -> Iterator[Row]:
    job = server.submit(**_SLEEPER)
    server.running(job["id"])
    runner = psutil.Process(_attempt(Path(job["run_dir"]))["runner"]["pid"])
    time.sleep(2.0)
    before = _cpu(runner)
    time.sleep(_QUIET)
    yield Row("a runner whose job is quiet, PSS", runner.memory_full_info().pss / 2**20, "MB", 10)
    yield Row("a runner whose job is quiet, CPU", (_cpu(runner) - before) / _QUIET * 100, "%", 0.1)


def _cancel(server: LiveServer) -> Iterator[Row]:
    """From the request until no process of the tree is left; the job obeys TERM."""
    taken = []
    with Client(server.url, server.token) as client:
        for _ in range(40):
            job = client.jobs.submit({"command": "sleep 3600 & sleep 3600", "workdir": "/tmp"})
            server.running(job.id)
            main = psutil.Process(_attempt(Path(job.run_dir))["process"]["pid"])
            tree = until(lambda main=main: [main, *main.children()] if main.children() else [], "its children")
            began = time.perf_counter()
            client.jobs.cancel(job.id)
            until(lambda tree=tree: not any(map(_lives, tree)), "the tree's end", pause=0.002)
            taken.append(time.perf_counter() - began)
    yield Row("cancel → the whole tree is gone, p95 of 40", quantile(taken, 0.95) * 1e3, "ms", 300)


def _fill(server: LiveServer) -> None:
    with Client(server.url, server.token) as client:
        client.jobs.submit_many([_SLEEPER] * _RUNNING)
        for _ in range(_QUEUED // 1000):
            client.jobs.submit_many([_SLEEPER] * 1000)
        until(lambda: client.jobs.list(limit=1).counts["running"] >= _RUNNING, "500 running jobs", 300, pause=0.2)


def _restart(server: LiveServer) -> Iterator[Row]:
    """Over the same server without the extension. One CPU more: the queue moves once everything that runs is adopted."""
    server.kill()
    bare = LiveServer(Place(server.place.root.parent / "bare"), without=(*OTHERS, "trackside_server"))
    began = time.perf_counter()
    bare.start_bare()
    floor = time.perf_counter() - began
    bare.stop()
    server.options = (f"--TracksideApp.cpus={_RUNNING + 1}",)
    began = time.perf_counter()
    server.start()
    serving = time.perf_counter() - began - floor
    with Client(server.url, server.token) as client:
        until(lambda: client.jobs.list(limit=1).counts["running"] > _RUNNING, "one job more", 60, pause=0.01)
        adopted = time.perf_counter() - began - floor
    yield Row("restart over 500 running and 10,000 queued jobs: serving", serving, "s", 1)
    yield Row("  the same: all adopted", adopted, "s", 4)


@contextmanager
def _asking(server: LiveServer) -> Iterator[list[float]]:
    """Ask Jupyter's emptiest handler over and over from a thread; how late its answers are is how late the loop is."""
    waits: list[float] = []
    over = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=server.url, headers={"Authorization": f"token {server.token}"}, timeout=60) as side:
            while not over.wait(0.02):
                began = time.perf_counter()
                side.get("api")
                waits.append(time.perf_counter() - began)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield waits
    finally:
        over.set()
        thread.join()


def _end_all(home: Path) -> None:
    """Stop what runs, by the pids that the home itself names."""
    for path in home.glob("runs/*/attempts/*.json"):
        record = json.loads(path.read_text())
        if record["exit"] is None and record["process"]:
            for pid in (record["runner"]["pid"], record["process"]["pid"]):
                if psutil.pid_exists(pid):
                    psutil.Process(pid).kill()


def _attempt(run_dir: Path) -> dict[str, dict[str, int]]:
    path = run_dir / "attempts" / "1.json"
    until(lambda: path.exists() and json.loads(path.read_text())["process"], f"{path}")
    record: dict[str, dict[str, int]] = json.loads(path.read_text())
    return record


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
