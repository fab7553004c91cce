"""``log()`` of three scalars beside its floors, interleaved in one run, each call timed by itself.

A floor makes a timestamp, encodes the same record once and writes it with one ``os.write``, with nothing around it.
Run it by itself: ``python -m tests.bench log``.
"""

from __future__ import annotations

import datetime as dt
import gc
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import orjson

from tests.bench.rows import Row
from trackside.tracking.encoding import choose_encoding
from trackside.tracking.folder import RunFolder
from trackside.tracking.indices import IndexBlocks
from trackside.tracking.losses import Losses
from trackside.tracking.recorder import Recorder
from trackside.tracking.run import Run

ROUNDS, CALLS = 40, 500


def rows() -> Iterator[Row]:
    """One row for each way to encode: medians in microseconds."""
    with tempfile.TemporaryDirectory() as root:
        os.environ["TRACKSIDE_HOME"] = root
        runs = {name: _run(name) for name in ("orjson", "msgspec", "json", "last")}
        medians = _measure({**_floors(Path(root)), **_logs(runs)})
        for run in runs.values():
            run.finish()
    for what, ours, floor in (
        ("log() of 3 scalars, p50, orjson", "ours orjson", "orjson"),
        ("log() of 3 scalars, p50, msgspec", "ours msgspec", "msgspec"),
        ("log() of 3 scalars, p50, json.dumps alone", "ours json", "json"),
        ("trackside.log() of 3 scalars, p50", "ours by name", "orjson"),
    ):
        yield Row(what, medians[ours], "µs", 1.5, medians[floor], "F_log")


def _floors(root: Path) -> dict[str, Callable[[int], object]]:
    descriptor = os.open(root / "floor.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
    now, utc, write, encode = dt.datetime.now, dt.UTC, os.write, msgspec.json.Encoder().encode

    def with_orjson(i: int) -> None:
        record = {"_idx": i, "_timestamp": now(utc), "step": i, "loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}
        write(descriptor, orjson.dumps(record, option=option))

    def with_msgspec(i: int) -> None:
        record = {"_idx": i, "_timestamp": now(utc), "step": i, "loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}
        write(descriptor, encode(record) + b"\n")

    def with_json(i: int) -> None:
        stamp = now(utc).isoformat()
        record = {"_idx": i, "_timestamp": stamp, "step": i, "loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}
        write(descriptor, (json.dumps(record) + "\n").encode())

    return {"orjson": with_orjson, "msgspec": with_msgspec, "json": with_json}


def _logs(runs: dict[str, Run]) -> dict[str, Callable[[int], object]]:
    import trackside

    numbers = [np.float64(i) + 0.5 for i in range(CALLS)]
    quarter, rate = np.float32(0.25), np.float64(1e-3)

    def log_with(run: Run) -> Callable[[int], object]:
        def log(i: int) -> None:
            run.log({"loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}, step=i)

        return log

    def by_name_of_package(i: int) -> None:
        trackside.log({"loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}, step=i)

    def of_numpy(i: int) -> None:
        trackside.log({"loss": numbers[i], "accuracy": quarter, "lr": rate}, step=i)

    assert trackside.tracking.current_run() is runs["last"]
    logs: dict[str, Callable[[int], object]] = {f"ours {name}": log_with(run) for name, run in runs.items()}
    return {**logs, "ours by name": by_name_of_package, "ours numpy": of_numpy}


def _run(name: str) -> Run:
    """Return a run that encodes with this package."""
    run = Run(system_metrics=False, capture_git=False, capture_pip=False)
    folder = RunFolder(run.run_dir)
    path = folder.metrics
    run._recorder = Recorder(
        path, IndexBlocks(folder, path), Losses(run.run_id), choose_encoding("orjson" if name == "last" else name)
    )
    return run


def _measure(calls: dict[str, Callable[[int], object]]) -> dict[str, float]:
    """Return the median of each call in microseconds, all of them taken in turns."""
    clock = time.perf_counter_ns
    times: dict[str, list[int]] = {name: [] for name in calls}
    gc.collect()
    gc.disable()
    for _ in range(ROUNDS):
        for name, call in calls.items():
            kept = times[name]
            for i in range(CALLS):
                begun = clock()
                call(i)
                kept.append(clock() - begun)
    gc.enable()
    return {name: sorted(kept)[len(kept) // 2] / 1000 for name, kept in times.items()}
