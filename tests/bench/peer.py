"""One tracker that logs on request, in a process and an environment of its own: ``python peer.py NAME FOLDER``.

It imports the package, says ``ready``, and then answers each line on its standard input with a line of JSON:
``init`` begins a run and logs once (seconds), ``log N`` logs N times (nanoseconds of each), ``fill N`` logs N times,
``end`` finishes the run. ``python peer.py NAME FOLDER count`` says how many records are on the disk.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Log = Callable[[int], object]
UNREAD = -1
"""The count where records cannot be read from a killed run without more ado."""


class Floor:
    """A timestamp, one encoding and one write, with nothing around it."""

    def load(self) -> None:
        import datetime as dt

        import orjson

        self.now, self.utc, self.encode = dt.datetime.now, dt.UTC, orjson.dumps
        self.option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z

    def begin(self, folder: Path) -> Log:
        descriptor = os.open(folder / "metrics.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        now, utc, encode, option, write = self.now, self.utc, self.encode, self.option, os.write

        def log(i: int) -> None:
            record = {"_idx": i, "_timestamp": now(utc), "step": i, "loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}
            write(descriptor, encode(record, option=option))

        return log

    def end(self) -> None:
        pass

    def count(self, folder: Path) -> int:
        return sum(path.read_bytes().count(b"\n") for path in folder.rglob("metrics.jsonl"))


class Ours(Floor):
    """This package, with the modules that a run needs loaded."""

    def load(self) -> None:
        import orjson  # noqa: F401

        import trackside

        os.environ["TRACKSIDE_HOME"] = sys.argv[2]
        self.package, _ = trackside, trackside.init

    def begin(self, folder: Path) -> Log:
        run = self.run = self.package.init(system_metrics=False, capture_git=False, capture_pip=False)
        return lambda i: run.log({"loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}, step=i)

    def end(self) -> None:
        self.run.finish()


class OursCapturing(Ours):
    """This package as it is called by default: git, packages, GPUs and samples."""

    def begin(self, folder: Path) -> Log:
        run = self.run = self.package.init()
        return lambda i: run.log({"loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}, step=i)


class Whirr(Floor):
    def load(self) -> None:
        import whirr.run

        self.package = whirr.run

    def begin(self, folder: Path) -> Log:
        run = self.run = self.package.Run(run_dir=folder, system_metrics=False, capture_git=False, capture_pip=False)
        return lambda i: run.log({"loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}, step=i)

    def end(self) -> None:
        self.run.finish()


class Trackio(Floor):
    def load(self) -> None:
        os.environ["TRACKIO_DIR"] = sys.argv[2]
        import trackio

        self.package = trackio

    def begin(self, folder: Path) -> Log:
        self.package.init("bench", embed=False, auto_log_gpu=False, auto_log_cpu=False)
        log = self.package.log
        return lambda i: log({"loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}, step=i)

    def end(self) -> None:
        self.package.finish()

    def count(self, folder: Path) -> int:
        return _count_rows(folder, "select count(*) from metrics where metrics like '%loss%'")


class MlflowFile(Floor):
    where = "file:{}"

    def load(self) -> None:
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
        import mlflow

        self.package = mlflow

    def begin(self, folder: Path) -> Log:
        self.package.set_tracking_uri(self.where.format(folder))
        self.package.set_experiment("bench")
        self.package.start_run()
        log = self.package.log_metrics
        return lambda i: log({"loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}, step=i)

    def end(self) -> None:
        self.package.end_run()

    def count(self, folder: Path) -> int:
        return sum(path.read_bytes().count(b"\n") for path in folder.rglob("loss"))


class MlflowSqlite(MlflowFile):
    where = "sqlite:///{}/mlflow.db"

    def count(self, folder: Path) -> int:
        return _count_rows(folder, "select count(*) from metrics where key = 'loss'")


class Wandb(Floor):
    def load(self) -> None:
        os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_CONSOLE": "off"}
        import wandb

        self.package = wandb

    def begin(self, folder: Path) -> Log:
        run = self.run = self.package.init(project="bench", dir=str(folder))
        return lambda i: run.log({"loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}, step=i)

    def end(self) -> None:
        self.run.finish()

    def count(self, folder: Path) -> int:
        from wandb.proto.wandb_internal_pb2 import Record

        found = 0
        for path in folder.rglob("*.wandb"):
            for data in _leveldb_records(path.read_bytes()[7:]):
                record = Record()
                record.ParseFromString(data)
                found += record.HasField("history")
        return found


class TensorboardX(Floor):
    def load(self) -> None:
        import tensorboardX

        self.package = tensorboardX

    def begin(self, folder: Path) -> Log:
        writer = self.writer = self.package.SummaryWriter(str(folder))

        def log(i: int) -> None:
            writer.add_scalar("loss", 0.5 + i, i)
            writer.add_scalar("accuracy", 0.25, i)
            writer.add_scalar("lr", 1e-3, i)

        return log

    def end(self) -> None:
        self.writer.close()

    def count(self, folder: Path) -> int:
        from tensorboardX.proto.event_pb2 import Event

        found = 0
        for path in folder.rglob("events.*"):
            data, at = path.read_bytes(), 0
            while at + 12 <= len(data):
                (size,) = struct.unpack_from("<Q", data, at)
                if at + 16 + size > len(data):
                    break
                event = Event.FromString(data[at + 12 : at + 12 + size])
                found += any(value.tag == "loss" for value in event.summary.value)
                at += 16 + size
        return found


class Aim(Floor):
    def load(self) -> None:
        import aim

        self.package = aim

    def begin(self, folder: Path) -> Log:
        run = self.run = self.package.Run(
            repo=str(folder), system_tracking_interval=None, log_system_params=False, capture_terminal_logs=False
        )
        return lambda i: run.track({"loss": 0.5 + i, "accuracy": 0.25, "lr": 1e-3}, step=i)

    def end(self) -> None:
        self.run.close()

    def count(self, folder: Path) -> int:
        return UNREAD  # it reads a run once its own server has indexed it


def _count_rows(folder: Path, question: str) -> int:
    import sqlite3

    try:
        return sum(sqlite3.connect(path).execute(question).fetchone()[0] for path in folder.rglob("*.db"))
    except sqlite3.OperationalError:  # killed before it had made its tables
        return 0


def _leveldb_records(data: bytes) -> Iterator[bytes]:
    """Yield the records of a log in LevelDB's form: blocks of 32 KiB, the first one 7 bytes shorter."""
    at, begun, block = 0, b"", 1 << 15
    while at + 7 <= len(data):
        left = block - (at + 7) % block
        if left < 7:
            at += left
            continue
        _, size, kind = struct.unpack_from("<IHB", data, at)
        if kind == 0 or at + 7 + size > len(data):
            return
        piece = data[at + 7 : at + 7 + size]
        begun = piece if kind in {1, 2} else begun + piece
        if kind in {1, 4}:
            yield begun
        at += 7 + size


TRACKERS: dict[str, type[Floor]] = {
    "floor": Floor,
    "trackside": Ours,
    "trackside, capturing": OursCapturing,
    "whirr": Whirr,
    "trackio": Trackio,
    "mlflow, files": MlflowFile,
    "mlflow, sqlite": MlflowSqlite,
    "wandb, offline": Wandb,
    "tensorboardX": TensorboardX,
    "aim": Aim,
}


def main() -> None:
    """Serve one tracker."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a package prints is no answer
    tracker, folder = TRACKERS[sys.argv[1]](), Path(sys.argv[2])
    tracker.load()
    if sys.argv[3:] == ["count"]:
        answers.write(f"{tracker.count(folder)}\n")
        return
    answers.write('"ready"\n')
    log: Log = lambda _i: None  # noqa: E731
    done = 0
    for line in sys.stdin:
        verb, _, number = line.strip().partition(" ")
        begun = time.perf_counter()
        times: list[int] = []
        answer: Any = None
        if verb == "init":
            log = tracker.begin(folder)
            log(0)
            answer, done = time.perf_counter() - begun, 1
        elif verb == "log":
            clock = time.perf_counter_ns
            for i in range(done, done + int(number)):
                start = clock()
                log(i)
                times.append(clock() - start)
            answer, done = times, done + int(number)
        elif verb == "fill":
            for i in range(done, done + int(number)):
                log(i)
            answer, done = None, done + int(number)
        else:
            tracker.end()
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
