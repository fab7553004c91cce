"""What the extension costs in an idle server, template included, over the bare server."""

from __future__ import annotations

import json
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
        ours = LiveServer(Place(Path(folder) / "ours"), without=()).start()
        job = ours.ended(ours.submit(command=["/bin/true"])["id"])
        record = json.loads(Path(job["run_dir"], "attempts", "1.json").read_text())
        family = [psutil.Process(ours.pid), psutil.Process(record["template"]["pid"])]
        bare = LiveServer(Place(Path(folder) / "bare"), without=("trackside_server",))
        bare.start_bare()
        alone = [psutil.Process(bare.pid)]
        until(lambda: not psutil.pid_exists(record["runner"]["pid"]), "the runner's end")
        try:
            before = _cpu(family) - _cpu(alone)
            time.sleep(_QUIET)
            busy = (_cpu(family) - _cpu(alone) - before) / _QUIET * 100
            over = sum(map(_pss, family)) - sum(map(_pss, alone))
        finally:
            ours.stop()
            bare.stop()
            stop_templates(ours.place.home)
        yield Row("extension in an idle server, template included, PSS over the bare server", over / 2**20, "MB", 40)
        yield Row("extension in an idle server, CPU over the bare server", max(busy, 0.0), "%", 0.2)


def _pss(process: psutil.Process) -> int:
    return int(process.memory_full_info().pss)


def _cpu(processes: list[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)
