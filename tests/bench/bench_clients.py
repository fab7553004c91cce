"""Programs on the other side: a terminal's whole process, waiting for many, many followers of one log, many requests."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil

import trackside
from tests.bench.rows import Row, quantile
from tests.serving import OTHERS, LiveServer, Place, stop_templates
from trackside.client import Client

_FOLLOWERS, _LINES_A_SECOND, _SECONDS = 500, 1000, 15
_WAITED = 1000
_CONNECTIONS = 50
_PRINTS = f"""
import sys, time
began = time.monotonic()
for second in range({_SECONDS} * 20):
    for line in range({_LINES_A_SECOND} // 20):
        sys.stdout.write(f"line {{second * {_LINES_A_SECOND} // 20 + line}}\\n")
    sys.stdout.flush()
    time.sleep(max(0, began + (second + 1) / 20 - time.monotonic()))
"""
_FOLLOW = """
import asyncio, json, sys, time
from tests.followers import follow_together
url, token, job, count, lines = sys.argv[1:]
found = asyncio.run(follow_together(url, token, job, int(count)))
whole = "".join(f"line {n}\\n" for n in range(int(lines)))
print(json.dumps({"whole": sum(each.text == whole for each in found)}))
"""
_EMPTY = """
from jupyter_server.base.handlers import APIHandler
from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

class Empty(APIHandler):
    auth_resource = "status"
    @authenticated
    @authorized
    async def get(self):
        self.finish("{}")

def _jupyter_server_extension_points():
    return [{"module": "empty_handler"}]

def _load_jupyter_server_extension(app):
    app.web_app.add_handlers(".*", [(app.base_url + "empty", Empty)])
"""


def rows() -> Iterator[Row | str]:
    """One server for all of it."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "empty_handler.py").write_text(_EMPTY)
        extensions = {**dict.fromkeys(OTHERS, False), "empty_handler": True}
        server = LiveServer(
            Place(Path(folder) / "place"),
            options=(
                "--TracksideApp.cpus=2",
                "--TracksideApp.requests_per_second=0",
                f"--ServerApp.jpserver_extensions={extensions}",
            ),
            without=(),
            environment={"PYTHONPATH": folder},
        ).start()
        try:
            yield from _terminal(server)
            with Client(server.url, server.token) as client:
                yield from _map(client)
            yield from _wait(server)
            yield from _requests(server)
            yield from _followers(server)
        finally:
            server.stop()
            stop_templates(server.place.home)


def _terminal(server: LiveServer) -> Iterator[Row]:
    environment = server.place.environment()

    def took(*command: str) -> float:
        began = time.perf_counter()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        return (time.perf_counter() - began) * 1e3

    bare, ours = [], []
    for _ in range(15):
        bare.append(took(sys.executable, "-c", "pass"))
        ours.append(took(sys.executable, "-m", "trackside.cli", "jobs"))
    over = statistics.median(ours) - statistics.median(bare)
    yield Row("`trackside jobs` as a process, over bare Python, p50", over, "ms", 300)


def _wait(server: LiveServer) -> Iterator[Row]:
    """A thousand jobs that wait are cancelled one after the other; when each end is known, from the request on."""
    seen: dict[str, float] = {}
    with Client(server.url, server.token) as client, Client(server.url, server.token) as waiting:
        client.queue.pause()
        jobs = client.jobs.submit_many([{"command": ["true"], "workdir": "/tmp"}] * _WAITED)
        waiting.info()
        before = _connections()

        def watch() -> None:
            for job in waiting.jobs.as_completed([job.id for job in jobs]):
                seen[job.id] = time.monotonic()

        watcher = threading.Thread(target=watch)
        watcher.start()
        time.sleep(2)
        more = _connections() - before
        asked = {}
        for job in jobs:
            asked[job.id] = time.monotonic()
            client.jobs.cancel(job.id)
        watcher.join(120)
        client.queue.resume()
    late = [(seen[job.id] - asked[job.id]) * 1e3 for job in jobs]
    yield Row(
        f"wait on {_WAITED:,} jobs: from the request that ends one to its end known, p50", quantile(late, 0.5), "ms", 50
    )
    yield Row("  connections made for it", more, "", 1)


def _connections() -> int:
    found = psutil.Process().net_connections("tcp")
    return sum(each.status == "ESTABLISHED" and bool(each.raddr) for each in found)


def _map(client: Client) -> Iterator[Row]:
    began = time.monotonic()
    jobs = trackside.map(_double, range(_WAITED), cpus=1, client=client)
    trackside.wait(jobs)
    took = time.monotonic() - began
    assert jobs[-1].result() == 2 * (_WAITED - 1)
    yield Row(f"trackside.map over {_WAITED:,} trivial functions", _WAITED / took, "/s", 25, at_least=True)


_double = eval("lambda n: 2 * n")  # of no module that a job would have to import


def _requests(server: LiveServer) -> Iterator[Row]:
    job = server.submit(command=["true"])["id"]
    server.ended(job)
    headers = {"Authorization": f"token {server.token}"}
    empty, ours = server.url + "empty", f"{server.api}jobs/{job}"
    rates: dict[str, list[float]] = {empty: [], ours: []}
    for _ in range(3):
        for url, found in rates.items():
            found.append(asyncio.run(_rate(url, headers)))
    floor = statistics.median(rates[empty])
    yield Row(
        f"GET jobs/{{id}}, {_CONNECTIONS} connections", statistics.median(rates[ours]), "/s", 0.6, floor,
        "an empty handler", at_least=True,
    )  # fmt: skip


async def _rate(url: str, headers: dict[str, str], seconds: float = 3.0) -> float:
    """Answers a second, over connections that each ask again as soon as they were answered."""
    parts = httpx.URL(url)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"GET {parts.raw_path.decode()} HTTP/1.1\r\nHost: {parts.netloc.decode()}\r\n{lines}\r\n".encode()
    count, until = 0, time.monotonic() + seconds

    async def ask() -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection(parts.host, parts.port)
        while time.monotonic() < until:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(int(length.split(b":")[1]))
            count += 1
        writer.close()

    await asyncio.gather(*(ask() for _ in range(_CONNECTIONS)))
    return count / seconds


def _followers(server: LiveServer) -> Iterator[Row]:
    job = server.submit(command=[sys.executable, "-c", _PRINTS], name="followed")["id"]
    server.running(job)
    lines = _SECONDS * _LINES_A_SECOND
    command = [sys.executable, "-c", _FOLLOW, server.url, server.token, job, str(_FOLLOWERS), str(lines)]
    process = psutil.Process(server.pid)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as followers:
        time.sleep(4)  # until all are there
        before, began, memory = sum(process.cpu_times()[:2]), time.monotonic(), process.memory_info().rss
        time.sleep(_SECONDS - 6)
        cores = (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began)
        grown = (process.memory_info().rss - memory) / 1e6
        out, _ = followers.communicate(timeout=120)
    yield Row(
        f"{_FOLLOWERS} followers, {_LINES_A_SECOND:,} lines/s: those that got every line once",
        json.loads(out)["whole"],
        "",
        _FOLLOWERS,
        at_least=True,
    )
    yield Row("  cores of the server meanwhile", cores, "", 1)
    yield Row("  its memory grew by", grown, "MB", 20)
