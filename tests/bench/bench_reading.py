"""Reading metrics: as a table, as a chart through REST, in another process while they are written; beside the floors.

``F_read`` is ``polars.read_ndjson`` on the same file. It refuses a file with NaN, so that is measured beside the same
file without them. Each figure and its floor are taken by turns.
"""

from __future__ import annotations

import datetime as dt
import gc
import math
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from tests.bench.rows import Row, quantile
from tests.serving import LiveServer, Place, stop_templates, until
from trackside.client import Client
from trackside.tracking.folder import RunFolder
from trackside.tracking.reading import compact, metrics_table
from trackside_server.engine.curves import read_curves

_RECORDS = 1_000_000
_ROUNDS = 5
_VISIBLE = 400


def rows() -> Iterator[Row]:
    """A table first, since nothing else must run beside it."""
    with tempfile.TemporaryDirectory() as root:
        finite, gaps = RunFolder(Path(root) / "finite"), RunFolder(Path(root) / "gaps")
        for folder, share in ((finite, 0.0), (gaps, 0.01)):
            folder.create()
            _fill(folder.metrics, share)
        yield from _tables(finite, gaps)
        yield from _disk(finite)
        yield from _visible(Path(root))
        yield from _charts(finite)


def _fill(path: Path, gaps: float) -> None:
    """A million records of three metrics, as ``log`` writes them; this share of one of them is NaN."""
    noise, began = random.Random(1), dt.datetime(2026, 11, 22, 9, 30)
    with path.open("w") as file:
        for step in range(_RECORDS):
            at = (began + dt.timedelta(microseconds=1237 * step)).isoformat(timespec="microseconds")
            loss = math.exp(-step / _RECORDS) + noise.random() / 10
            shown = '"NaN"' if noise.random() < gaps else repr(loss)
            file.write(
                f'{{"_idx":{step},"_timestamp":"{at}Z","step":{step},"loss":{shown},"acc":{1 - loss!r},"lr":{1e-3 / (step + 1)!r}}}\n'
            )


def _tables(finite: RunFolder, gaps: RunFolder) -> Iterator[Row]:
    import pandas  # noqa: F401, ICN001  # its import is not what is measured

    floor, first, first_gaps = [], [], []
    for _ in range(_ROUNDS):
        floor.append(_timed(lambda: pl.read_ndjson(finite.metrics)))
        for folder, times in ((finite, first), (gaps, first_gaps)):
            folder.table.unlink(missing_ok=True)
            times.append(_timed(lambda folder=folder: metrics_table(folder)))
            _wait_for_compaction()
    base = quantile(floor, 0.5)
    yield Row("1,000,000 × 3 → DataFrame, first time, p50", quantile(first, 0.5), "s", 1.2, base, "F_read")
    yield Row("  the same with 1 % NaN", quantile(first_gaps, 0.5), "s", 1.2, base, "F_read")
    again = [_timed(lambda: metrics_table(finite)) for _ in range(2 * _ROUNDS)]
    two = [_timed(lambda: metrics_table(finite, ["loss", "lr"])) for _ in range(2 * _ROUNDS)]
    yield Row("  the same again (Parquet), p50", quantile(again, 0.5), "s", 0.2, base, "F_read")
    yield Row("  two columns of it, p50", quantile(two, 0.5), "s", 0.2, base, "F_read")


def _wait_for_compaction() -> None:
    for thread in threading.enumerate():
        if thread.name == "trackside-compact":
            thread.join()


def _disk(folder: RunFolder) -> Iterator[Row]:
    """A floor's record is the same line."""
    compact(folder)
    lines, table = folder.metrics.stat().st_size, folder.table.stat().st_size
    yield Row("bytes on disk per record", lines / _RECORDS, "B", 1.5, lines / _RECORDS, "line")
    yield Row("  the same, Parquet included", (lines + table) / _RECORDS, "B", 1.5, lines / _RECORDS, "line")


# A record in another process


_WRITER = """
import os, sys, time
way, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
if way == "ours":
    import trackside
    run = trackside.init(system_metrics=False, capture_git=False, capture_pip=False)
    os.symlink(run.run_dir / "metrics.jsonl", folder + "/lines")
    write = lambda now: run.log({"at": now})
else:
    descriptor = os.open(folder + "/lines", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    write = lambda now: os.write(descriptor, b'{"at": %r}\\n' % now)
for _ in range(count):
    write(time.time())
    time.sleep(0.005)
"""


def _visible(root: Path) -> Iterator[Row]:
    """One writer at a time, and in this process a reader that looks every 10 ms, the same way for both."""
    late: dict[str, list[float]] = {"floor": [], "ours": []}
    for turn in range(4):
        for way, times in late.items():
            folder = root / f"{way}-{turn}"
            folder.mkdir()
            environment = {**os.environ, "TRACKSIDE_HOME": str(folder)}
            command = [sys.executable, "-c", _WRITER, way, str(folder), str(_VISIBLE // 4)]
            writer = subprocess.Popen(command, env=environment)
            times += _follow(folder / "lines", writer, _VISIBLE // 4)
    for part, name in ((0.5, "p50"), (0.99, "p99")):
        ours, floor = (quantile(late[way], part) * 1e3 for way in ("ours", "floor"))
        yield Row(f"a record → a reader in another process, {name}", ours, "ms", 1.5, floor, "write + poll")


def _follow(path: Path, writer: subprocess.Popen[bytes], count: int) -> list[float]:
    from trackside.tracking import read_records

    late: list[float] = []
    offset = 0
    while len(late) < count and (writer.poll() is None or path.exists()):
        found = read_records(path, offset)
        now = time.time()
        late += [now - float(str(record["at"])) for record in found.records]
        offset = found.next_offset
        time.sleep(0.01)
    writer.wait()
    return late


# A chart


def _charts(big: RunFolder) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as place:
        server = LiveServer(Place(Path(place) / "place")).start()
        client = Client(server.url, server.token)
        try:
            job = client.jobs.submit({"command": ["/bin/true"], "workdir": "/tmp"})
            client.jobs.wait(job.id, timeout=60)
            folder = RunFolder(job.run_dir)
            os.link(big.metrics, folder.metrics)
            cold = _timed(lambda: client.runs.metrics(job.id))
            client.runs.metrics(job.id)
            times = [_timed(lambda: client.runs.metrics(job.id)) for _ in range(40)]
            axes = [_timed(lambda n=n: client.runs.metrics(job.id, max_points=2000 - n)) for n in range(40)]
            yield Row("2,000 points of 1,000,000 × 3 through REST, warm, p50", quantile(times, 0.5) * 1e3, "ms", 40)
            yield Row("  the same, another chart of it each time, p50", quantile(axes, 0.5) * 1e3, "ms", 40)
            yield Row("  the same, warm, p99", quantile(times, 0.99) * 1e3, "ms", 200)
            today = _timed(lambda: read_curves(folder.metrics, job.id))
            yield Row("  the same, cold, first request of a server", cold, "s", 1, today, "record by record")
            yield from _held(client, job.id, folder)
        finally:
            client.close()
            server.stop()
            stop_templates(server.place.home)


def _held(client: Client, job: str, folder: RunFolder) -> Iterator[Row]:
    """How late the server answers the emptiest request while another one asks for the chart, over and over."""
    over, waits = threading.Event(), []

    def chart() -> None:
        while not over.is_set():
            client.runs.metrics(job)

    with Client(client.address().url, client.address().token) as side:
        thread = threading.Thread(target=chart)
        thread.start()
        try:
            until(lambda: waits.append(_timed(side.info)) or len(waits) >= 100, "a hundred answers", 60, pause=0.01)
        finally:
            over.set()
            thread.join()
    yield Row("  an empty request meanwhile, p99", quantile(waits, 0.99) * 1e3, "ms", 50)


def _timed(call: Callable[[], object]) -> float:
    gc.collect()
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
