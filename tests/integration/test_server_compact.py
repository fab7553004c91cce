"""What the server does with the metrics of a run that has ended: facts in the index, a Parquet where they are many."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.serving import LiveServer, until
from trackside import models
from trackside.tracking.folder import RunFolder
from trackside.tracking.reading import metrics_table
from trackside.tracking.reading.parquet import open_compacted

_LOGS = """
import os, trackside
with open(os.path.join(os.environ["TRACKSIDE_RUN_DIR"], "metrics.jsonl"), "a") as file:
    for step in range({rows}):
        file.write('{{"_timestamp": "2026-11-22T09:30:00.%06dZ", "step": %d, "loss": %r, "note": "a text that takes room"}}\\n' % (step, step, step / 7))
    file.write('{{"step": {rows}, "loss": "NaN"}}\\n')
"""


def _run(server: LiveServer, run_id: str) -> models.RunInfo:
    return msgspec.json.decode(server.get(f"runs/{run_id}").content, type=models.RunInfo)


def _ended(server: LiveServer, rows: int) -> dict[str, str]:
    job: dict[str, str] = server.ended(server.submit(cell=_LOGS.format(rows=rows))["id"])
    assert job["status"] == "completed"
    until(lambda: _run(server, job["id"]).metrics, "the facts of its metrics")
    return job


def test_a_run_that_ended_has_the_facts_of_its_metrics(live: LiveServer) -> None:
    job = _ended(live, 15)
    assert _run(live, job["id"]).metrics == {"loss": models.MetricFacts(16, "NaN", 0.0, 2.0)}
    assert not RunFolder(job["run_dir"]).table.exists()


def test_many_metrics_are_compacted_and_those_of_a_retry_are_read_after_them(live: LiveServer) -> None:
    rows = 60_000
    job = _ended(live, rows)
    folder = RunFolder(Path(job["run_dir"]))
    compacted = open_compacted(folder)
    assert compacted is not None
    assert compacted.parts["metrics.jsonl"].rows == rows + 1
    assert "metrics.parquet" in live.get(f"runs/{job['id']}/artifacts", params={"root": "run"}).text
    live.post(f"jobs/{job['id']}/retry")
    live.ended(job["id"])
    both = {"loss": models.MetricFacts(2 * rows + 2, "NaN", 0.0, (rows - 1) / 7)}
    until(lambda: _run(live, job["id"]).metrics == both, "the facts of both attempts")
    assert len(metrics_table(folder, library="polars")) == 2 * rows + 2


def test_curves_of_a_big_file_are_those_of_a_small_one_and_go_on_with_it(live: LiveServer) -> None:
    job = _ended(live, 150_000)
    path = RunFolder(Path(job["run_dir"])).metrics
    assert path.stat().st_size > 16 << 20
    found = msgspec.json.decode(live.get(f"runs/{job['id']}/metrics").content, type=models.Metrics)
    assert (found.series["loss"].count, found.next, found.torn) == (150_001, path.stat().st_size, 0)
    assert len(found.series["loss"].x) <= 2000
    with path.open("a") as file:
        file.write('{"step": 150001, "loss": -1.5}\n')
    more = msgspec.json.decode(live.get(f"runs/{job['id']}/metrics").content, type=models.Metrics)
    assert (more.series["loss"].count, more.series["loss"].last, more.series["loss"].min) == (150_002, -1.5, -1.5)
    only = msgspec.json.decode(live.get(f"runs/{job['id']}/metrics?since={found.next}").content, type=models.Metrics)
    assert (only.series["loss"].x, only.series["loss"].y, only.next) == ([150_001], [-1.5], more.next)
