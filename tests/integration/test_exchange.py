"""Imports and exports beside a server that runs, and imports that are killed."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.serving import LiveServer, Place, until
from trackside.tracking import read_metrics


def _cli(place: Place, *words: object, cwd: Path | None = None) -> str:
    command = [sys.executable, "-m", "trackside.cli", *map(str, words)]
    done = subprocess.run(command, env=place.environment(), cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_server_that_runs_finds_what_is_imported_and_exports_what_a_query_finds(
    server: LiveServer, tmp_path: Path
) -> None:
    file = tmp_path / "log.csv"
    file.write_text("step,loss\n0,0.5\n1,nan\n")
    told = json.loads(_cli(server.place, "--json", "import", "csv", file, "--tag", "paper", "--name", "tag:paper 1"))
    (brought,) = told["data"]["imported"]

    def listed() -> list[str]:
        answer = json.loads(_cli(server.place, "--json", "runs", "--tag", "paper"))
        return [run["id"] for run in answer["data"]["runs"]]

    assert until(listed, "the imported run in the list") == [brought["run_id"]]
    _cli(server.place, "export", "csv", "tag:paper", "-o", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open() as lines:
        assert [row["loss"] for row in csv.DictReader(lines)] == ["0.5", "NaN"]


def test_an_import_that_is_killed_leaves_no_run_and_the_next_one_is_whole(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("step,loss\n" + "".join(f"{step},{step / 7}\n" for step in range(60_000)))
    runs = place.home / "runs"
    started = subprocess.Popen(
        [sys.executable, "-m", "trackside.cli", "import", "csv", file],
        env=place.environment(),
        stdout=subprocess.DEVNULL,
    )
    (aside,) = until(lambda: [path for path in runs.glob(".import-*/metrics.jsonl") if path.stat().st_size], "a draft")
    started.send_signal(signal.SIGKILL)
    started.wait()
    assert [path.name for path in runs.iterdir()] == [aside.parent.name]
    os.utime(aside.parent, (1, 1))  # it lies there for a while
    told = json.loads(_cli(place, "--json", "import", "csv", file))
    (brought,) = told["data"]["imported"]
    assert [path.name for path in runs.iterdir()] == [brought["run_id"]]
    assert len(read_metrics(Path(brought["run_dir"], "metrics.jsonl"))) == brought["records"] == 60_000
