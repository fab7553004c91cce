"""Runs that MLflow itself wrote, into a folder and into SQLite, become runs of ours."""

from __future__ import annotations

import hashlib
import math
import sqlite3
from pathlib import Path

import pytest
from tests.integrations.importing.conftest import Trackers

pytestmark = pytest.mark.timeout(900)  # the first test installs the package

WRITE = """
import logging, math, os, sys
logging.disable()
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("thesis")
with mlflow.start_run(run_name="base", description="words", tags={"team": "blue", "good": "true"}):
    mlflow.log_params({"lr": 0.1, "net": "resnet", "deep": True})
    for step in range(4):
        mlflow.log_metrics({"loss": 1 / (step + 1), "odd": [math.nan, math.inf, -math.inf, 1][step]}, step=step * 10)
    mlflow.log_metric("val/acc", 0.9, step=2**40, timestamp=1767323045250)
    mlflow.log_metric("system/cpu_utilization_percentage", 12.5)
    with open("model.txt", "w") as file:
        file.write("weights")
    mlflow.log_artifact("model.txt", "models")
try:
    with mlflow.start_run(run_name="bad"):
        raise ValueError
except ValueError:
    pass
with mlflow.start_run(run_name="gone") as run:
    pass
mlflow.delete_run(run.info.run_id)
mlflow.start_run(run_name="going")
mlflow.log_metric("loss", 1)
os._exit(0)
"""


@pytest.fixture(params=["mlruns", "mlflow.db"])
def store(request: pytest.FixtureRequest, trackers: Trackers, mlflow: Path) -> str:
    """What MLflow left: its folder, or its SQLite file."""
    path = trackers.work / request.param
    uri = f"sqlite:///{path}" if request.param == "mlflow.db" else path.as_uri()
    trackers.write(mlflow, WRITE, uri, MLFLOW_ALLOW_FILE_STORE="true", MLFLOW_DISABLE_TELEMETRY="true")
    return str(request.param)


def test_all_that_was_logged_is_in_the_runs(trackers: Trackers, mlflow: Path, store: str) -> None:
    base, bad, going = trackers.bring(mlflow, "mlflow", store)
    meta = base.meta
    assert (meta["name"], meta["tags"], meta["notes"], meta["status"]) == (
        "base",
        ["good", "team=blue"],
        "words",
        "completed",
    )
    assert (base.config, meta["mlflow"]["experiment"]) == ({"lr": 0.1, "net": "resnet", "deep": True}, "thesis")
    assert base.curve("loss") == {0: 1, 10: 1 / 2, 20: 1 / 3, 30: 1 / 4}
    odd = base.curve("odd")
    assert math.isnan(odd[0])  # type: ignore[arg-type]
    assert (odd[10], odd[20], odd[30]) == (math.inf, -math.inf, 1)
    (early,) = [record for record in base.records if "val/acc" in record]
    assert early == {"_idx": 0, "_timestamp": "2026-01-02T03:04:05.250000Z", "step": 2**40, "val/acc": 0.9}
    assert sum("loss" in record and "odd" in record for record in base.records) == 4
    assert [sample["cpu_percent"] for sample in base.samples] == [12.5]
    assert (meta["summary"]["loss"], meta["summary"]["val/acc"]) == (0.25, 0.9)
    assert (base.folder.artifacts / "models" / "model.txt").read_text() == "weights"
    assert (bad.meta["name"], bad.meta["status"]) == ("bad", "failed")
    assert (going.meta["name"], going.meta["status"], going.meta["reason"]["code"]) == ("going", "failed", "lost")
    assert "MLflow has it as RUNNING" in going.notes[0]


def test_the_same_store_is_imported_once_and_stays_as_it_was(trackers: Trackers, mlflow: Path, store: str) -> None:
    def state() -> dict[str, str]:
        files = [path for path in trackers.work.rglob("*") if path.is_file()]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = state()
    first, second = trackers.bring(mlflow, "mlflow", store), trackers.bring(mlflow, "mlflow", store)
    assert [run.told["existing"] for run in (*first, *second)] == [False] * 3 + [True] * 3
    assert state() == before


def test_a_key_that_leads_elsewhere_leads_nowhere(trackers: Trackers, mlflow: Path) -> None:
    path = trackers.work / "mlflow.db"
    trackers.write(mlflow, WRITE, f"sqlite:///{path}", MLFLOW_DISABLE_TELEMETRY="true")
    with sqlite3.connect(path) as database:  # MLflow itself refuses such a name
        for table in ("metrics", "latest_metrics"):
            database.execute(f"update {table} set key = '../../evil' where key = 'loss'")
        database.execute("update params set key = '../../p' where key = 'lr'")
    base = trackers.bring(mlflow, "mlflow", path)[0]
    assert (base.curve("../../evil")[10], base.config["../../p"]) == (0.5, 0.1)
    assert {entry.name for entry in trackers.home.iterdir()} == {"home.json", "runs"}


def test_what_is_no_store_is_refused_and_not_made_one(trackers: Trackers, mlflow: Path) -> None:
    path = trackers.work / "other.db"
    with sqlite3.connect(path) as database:
        database.execute("create table mine (x)")
    before = path.read_bytes()
    assert trackers.bring(mlflow, "mlflow", path, code_of_end=3) == []
    assert path.read_bytes() == before
