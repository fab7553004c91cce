"""A queue that grows long: thousands of submits into it, and what one page of it costs."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.bench.rows import Row, quantile
from tests.serving import LiveServer, Place, stop_templates
from trackside.client import Client

_MANY = 5_000
_LIST = 1_000
_WAITING = {"command": ["/bin/true"], "workdir": "/tmp"}


def rows() -> Iterator[Row]:
    """One server whose only CPU is taken, so that everything else waits."""
    with tempfile.TemporaryDirectory() as folder:
        server = LiveServer(Place(Path(folder) / "place"), options=("--TracksideApp.cpus=1",)).start()
        client = Client(server.url, server.token)
        try:
            blocker = client.jobs.submit({"command": ["sleep", "3600"], "workdir": "/tmp"})
            client.jobs.submit_many([_WAITING] * 60)
            page_of_few = _page(client)  # as many on the page, hardly more in the store
            yield from _one_by_one(server, client)
            yield from _as_lists(client, Path(folder))
            yield Row("a page of 50 among 10,000 jobs, p50", _page(client), "ms", 1.3, page_of_few, "among 60")
            client.jobs.cancel(blocker.id)
        finally:
            client.close()
            server.kill()
            stop_templates(server.place.home)


def _one_by_one(server: LiveServer, client: Client) -> Iterator[Row]:
    """Each submit in turn, with an empty Jupyter handler asked before every tenth on one connection of the same kind."""
    empty, taken = [], []
    with httpx.Client(base_url=server.url, headers={"Authorization": f"token {server.token}"}) as jupyter:
        jupyter.get("api").raise_for_status()
        for number in range(_MANY):
            if number % 10 == 0:
                began = time.perf_counter()
                jupyter.get("api").raise_for_status()
                empty.append(time.perf_counter() - began)
            began = time.perf_counter()
            client.jobs.submit(_WAITING)
            taken.append(time.perf_counter() - began)
    rate, floor = 1 / quantile(taken, 0.5), 1 / quantile(empty, 0.5)
    yield Row("5,000 submits, one client, by the median", rate, "jobs/s", 0.4, floor, "empty handler", at_least=True)
    first, last = quantile(taken[:100], 0.5) * 1e3, quantile(taken[-100:], 0.5) * 1e3
    yield Row("the last 100 of them, p50", last, "ms", 1.3, first, "the first 100")


def _as_lists(client: Client, folder: Path) -> Iterator[Row]:
    """Each list in turn with its floor: as many folders with the same two files, made by nothing but system calls."""
    rates, floors = [], []
    for number in range(5):
        began = time.perf_counter()
        made = client.jobs.submit_many([_WAITING] * _LIST)
        rates.append(_LIST / (time.perf_counter() - began))
        files = {name: Path(made[0].run_dir, name).read_bytes() for name in ("job.json", "meta.json")}
        began = time.perf_counter()
        for each in range(_LIST):
            _make_folder(f"{folder}/floor-{number}-{each}", files)
        floors.append(_LIST / (time.perf_counter() - began))
    yield Row("lists of 1,000 in one POST each, median of 5", quantile(rates, 0.5), "jobs/s", 2000, at_least=True)
    yield Row("  for comparison: their folders alone", quantile(floors, 0.5), "jobs/s", 2000, at_least=True)


def _make_folder(path: str, files: dict[str, bytes]) -> None:
    Path(path).mkdir(0o700)
    Path(path, "artifacts").mkdir(0o700)
    for name, data in files.items():
        descriptor = os.open(f"{path}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, data)
        os.close(descriptor)


def _page(client: Client) -> float:
    taken = []
    for _ in range(30):
        began = time.perf_counter()
        client.jobs.list(limit=50)
        taken.append(time.perf_counter() - began)
    return quantile(taken, 0.5) * 1e3
