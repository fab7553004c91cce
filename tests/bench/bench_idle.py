"""What the extension costs in an idle server, template included, over the bare server."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.bench.rows import Row
from tests.serving import LiveServer, Place, stop_templates, until

_QUIET = 20.0


def rows() -> Iterator[Row]:
    """PSS and CPU of two servers, one with the extension that has run a job, one without it."""
    with tempfile.TemporaryDirectory() as folder:
        ours = LiveServer(Place(Path(folder) / "ours")).start()
        ours.ended(ours.submit(command=["/bin/true"])["id"])
        off = ("--ServerApp.jpserver_extensions=trackside_server=False",)
        bare = LiveServer(Place(Path(folder) / "bare"), options=off)
        bare.start_bare()
        until(lambda: len(_family(ours)) == 2, "the runner's end")
        try:
            before = _cpu(ours) - _cpu(bare)
            time.sleep(_QUIET)
            busy = (_cpu(ours) - _cpu(bare) - before) / _QUIET * 100
            over = sum(_pss(process) for process in _family(ours)) - sum(_pss(process) for process in _family(bare))
        finally:
            ours.stop()
            bare.stop()
            stop_templates(ours.place.home)
        yield Row("extension in an idle server, template included, PSS over the bare server", over / 2**20, "MB", 40)
        yield Row("extension in an idle server, CPU over the bare server", max(busy, 0.0), "%", 0.2)


def _family(server: LiveServer) -> list[psutil.Process]:
    """The server and its template."""
    found = [psutil.Process(server.pid)]
    home = str(server.place.home)
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if any(part.startswith(f"{home}/run/template-") for part in command):
            found.append(process)
    return found


def _pss(process: psutil.Process) -> int:
    return int(process.memory_full_info().pss)


def _cpu(server: LiveServer) -> float:
    total = 0.0
    for process in _family(server):
        times = process.cpu_times()
        total += times.user + times.system
    return total
