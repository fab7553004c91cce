"""``log()`` beside its floors, interleaved in one run, each call timed by itself; and ``init()`` to the first record.

A floor makes a timestamp, encodes the same record once and writes it with one ``os.write``, with nothing around it; its
record is there, flat and in Python's own numbers. Run it by itself: ``python -m tests.bench log``.
"""

from __future__ import annotations

import datetime as dt
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import orjson

from tests.bench.rows import Row, quantile
from trackside.tracking.encoding import choose_encoding
from trackside.tracking.folder import RunFolder
from trackside.tracking.indices import IndexBlocks
from trackside.tracking.losses import Losses
from trackside.tracking.recorder import Recorder
from trackside.tracking.run import Run

ROUNDS, CALLS = 80, 250
STARTS = 20

Call = Callable[[int], object]

NESTED = {"train": {"loss": 0.5123, "accuracy": 0.25}, "val": {"loss": 0.6234, "accuracy": 0.23}, "lr": 1e-3}
NESTED_FLAT = {"train/loss": 0.5123, "train/accuracy": 0.25, "val/loss": 0.6234, "val/accuracy": 0.23, "lr": 1e-3}
NUMPY = {"loss": np.float64(0.5123), "accuracy": np.float32(0.25), "lr": np.float64(1e-3), "epoch": np.int64(3)}
NUMPY_FLAT = {"loss": 0.5123, "accuracy": 0.25, "lr": 1e-3, "epoch": 3}
ARRAYS = {"loss": np.array(0.5123), "accuracy": np.array(0.25), "lr": np.array(1e-3)}
ARRAYS_FLAT = {"loss": 0.5123, "accuracy": 0.25, "lr": 1e-3}
WIDE = {f"layer_{i:02d}/grad_norm": (i + 1) / 7 for i in range(100)}


def rows() -> Iterator[Row | str]:
    """One row for each shape of a record and each way to encode it, then how a run starts."""
    with tempfile.TemporaryDirectory() as root:
        os.environ["TRACKSIDE_HOME"] = root
        names = ("orjson", "msgspec", "json", "wide", "nested", "numpy", "arrays", "last")
        runs = {name: _run(name) for name in names}
        times = _measure(_in_pairs(_floors(Path(root)), _logs(runs)))
        beside = _Beside(times)
        for run in runs.values():
            run.finish()
        size = (runs["orjson"].run_dir / "metrics.jsonl").stat().st_size / (Path(root) / "orjson.jsonl").stat().st_size
    for what, ours, floor, bar in (
        ("log() of 3 scalars, p50, orjson", "ours orjson", "orjson", 1.3),
        ("trackside.log() of 3 scalars, p50", "ours by name", "orjson", 1.5),
        ("log() of 3 scalars, p50, msgspec", "ours msgspec", "msgspec", 1.5),
        ("log() of 3 scalars, p50, the standard library alone", "ours json", "json", 1.3),
        ("log() of 100 keys, p50", "ours wide", "wide", 1.5),
        ("log() of a nested dict, p50", "ours nested", "nested", 1.5),
        ("log() of numpy scalars, p50", "ours numpy", "numpy", 1.5),
        ("log() of 0-d arrays, p50", "ours arrays", "arrays", 1.5),
    ):
        yield Row(what, *beside(ours, 0.5, bar, floor), "F_log")
    yield Row("log() of 3 scalars, p99, orjson", *beside("ours orjson", 0.99, 3, "orjson"), "p99 of F_log")
    yield Row("bytes on disk per record", size, "×", 1.5)
    yield from _starts()


def _floors(root: Path) -> dict[str, Call]:
    now, utc, write, encode = dt.datetime.now, dt.UTC, os.write, msgspec.json.Encoder().encode
    option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
    files = {
        name: os.open(root / f"{name}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for name in ("orjson", "msgspec", "json", "others")
    }

    def with_orjson(i: int, descriptor: int = files["orjson"]) -> None:
        record = {"_idx": i, "_timestamp": now(utc), "step": i, "loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}
        write(descriptor, orjson.dumps(record, option=option))

    def with_msgspec(i: int, descriptor: int = files["msgspec"]) -> None:
        record = {"_idx": i, "_timestamp": now(utc), "step": i, "loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}
        write(descriptor, encode(record) + b"\n")

    def with_json(i: int, descriptor: int = files["json"]) -> None:
        stamp = now(utc).isoformat()
        record = {"_idx": i, "_timestamp": stamp, "step": i, "loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}
        write(descriptor, (json.dumps(record) + "\n").encode())

    def of(metrics: dict[str, Any]) -> Call:
        def with_these(i: int, descriptor: int = files["others"]) -> None:
            record = {"_idx": i, "_timestamp": now(utc), "step": i, **metrics}
            write(descriptor, orjson.dumps(record, option=option))

        return with_these

    shapes = {"wide": WIDE, "nested": NESTED_FLAT, "numpy": NUMPY_FLAT, "arrays": ARRAYS_FLAT}
    floors = {"orjson": with_orjson, "msgspec": with_msgspec, "json": with_json}
    return floors | {name: of(metrics) for name, metrics in shapes.items()}


def _logs(runs: dict[str, Run]) -> dict[str, Call]:
    import trackside

    def log_with(run: Run) -> Call:
        def log(i: int) -> None:
            run.log({"loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}, step=i)

        return log

    def of(run: Run, metrics: dict[str, Any]) -> Call:
        def log(i: int) -> None:
            run.log(metrics, step=i)

        return log

    def by_name_of_package(i: int) -> None:
        trackside.log({"loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}, step=i)

    assert trackside.tracking.current_run() is runs["last"]
    shapes = {"wide": WIDE, "nested": NESTED, "numpy": NUMPY, "arrays": ARRAYS}
    logs = {f"ours {name}": log_with(runs[name]) for name in ("orjson", "msgspec", "json")}
    logs |= {f"ours {name}": of(runs[name], metrics) for name, metrics in shapes.items()}
    return logs | {"ours by name": by_name_of_package}


def _run(name: str) -> Run:
    """Return a run that encodes with this package."""
    run = Run(system_metrics=False, capture_git=False, capture_pip=False)
    folder = RunFolder(run.run_dir)
    encoding = choose_encoding(name if name in {"msgspec", "json"} else "orjson")
    run._recorder = Recorder(folder.metrics, IndexBlocks(folder, folder.metrics), Losses(run.run_id), encoding)
    return run


def _in_pairs(floors: dict[str, Call], logs: dict[str, Call]) -> dict[str, Call]:
    """Return all of them in the order in which they are taken: each of ours right behind its floor."""
    ordered: dict[str, Call] = {}
    for name, floor in floors.items():
        ordered |= {name: floor, f"ours {name}": logs[f"ours {name}"]}
    return ordered | logs


class _Beside:
    """Compares what was taken in the same round, so that a busy moment of the machine counts on both sides."""

    def __init__(self, times: dict[str, list[list[int]]]) -> None:
        self._times = times

    def __call__(self, ours: str, part: float, bar: float, floor: str) -> tuple[float, str, float, float]:
        """Return the value in µs, its unit, the bar and the floor: the middle of the rounds, and of their ratios."""
        mine = [quantile(kept, part) for kept in self._times[ours]]
        ratios = [one / quantile(kept, part) for one, kept in zip(mine, self._times[floor], strict=True)]
        value = quantile(mine, 0.5) / 1e3
        return value, "µs", bar, value / quantile(ratios, 0.5)


def _measure(calls: dict[str, Call]) -> dict[str, list[list[int]]]:
    """Return the nanoseconds of the calls, one list for each round, all of them taken in turns."""
    clock = time.perf_counter_ns
    times: dict[str, list[list[int]]] = {name: [] for name in calls}
    gc.collect()
    gc.disable()
    for round_ in range(ROUNDS):
        for name, call in calls.items():
            kept: list[int] = []
            times[name].append(kept)
            for i in range(round_ * CALLS, (round_ + 1) * CALLS):
                begun = clock()
                call(i)
                kept.append(clock() - begun)
    gc.enable()
    return times


_START = """
import json, sys, time
import numpy  # as what is tracked does
import trackside
{load}
began = time.perf_counter()
run = trackside.init({options})
run.log({{"loss": 0.5, "accuracy": 0.25, "lr": 1e-3}}, step=0)
print(time.perf_counter() - began)
"""
_NOTHING = "system_metrics=False, capture_git=False, capture_pip=False"


def _starts() -> Iterator[Row | str]:
    """In processes of their own, in this work tree; each is the first run of its process."""
    kinds = {
        "init() to the first record, nothing captured": ("trackside.init; import orjson", _NOTHING, 5.0),
        "init() to the first record, all captured": ("trackside.init; import orjson", "", 60.0),
        "the same, with the import of all of it": ("", "", 0.0),
    }
    times: dict[str, list[float]] = {what: [] for what in kinds}
    with tempfile.TemporaryDirectory() as root:
        environment = {**os.environ, "TRACKSIDE_HOME": root}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled
        for _ in range(STARTS):
            for what, (load, options, _bar) in kinds.items():
                answer = subprocess.run(
                    [sys.executable, "-c", _START.format(load=load, options=options)],
                    env=environment, capture_output=True, text=True, check=True,
                )  # fmt: skip
                times[what].append(1e3 * float(answer.stdout))
    for what, (_, _, bar) in kinds.items():
        found = quantile(times[what], 0.5)
        yield Row(f"{what}, p50", found, "ms", bar) if bar else f"{what}, p50: {found:.4g} ms"
