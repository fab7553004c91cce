"""Coming from whirr: its client, its runs, its files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import trackside
from tests.serving import LiveServer
from trackside.client import Client
from trackside.errors import RunClosedError, WaitTimeout
from trackside.tracking import read_meta, read_metrics

_TRAIN = """
import argparse, trackside
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.01)
parser.add_argument("--epochs", type=int, default=5)
args = parser.parse_args()
run = trackside.init(name=f"lr-{args.lr}", config=vars(args))
for epoch in range(args.epochs):
    run.log({"loss": args.lr / (1 + epoch)}, step=epoch)
print("trained")
run.finish()
"""


@pytest.fixture
def client(live: LiveServer) -> Iterator[Client]:
    """``WhirrClient("http://head-node:8080")``."""
    with Client(live.url, token=live.token) as client:
        yield client


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the example of argparse."""
    (tmp_path / "train.py").write_text(_TRAIN)
    return tmp_path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home for runs without a job."""
    monkeypatch.setenv("TRACKSIDE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_submit_wait_and_look(client: Client, project: Path) -> None:
    """``submit_job``, ``wait_for_job``, ``get_metrics``, ``list_artifacts``, ``get_artifact``, ``get_job``, ``get_run``."""
    job = client.jobs.submit(
        {
            "command": [sys.executable, "train.py", "--lr", "0.01"],
            "workdir": str(project),
            "name": "experiment-1",
            "config": {"lr": 0.01},
            "tags": ["baseline"],
        }
    )
    assert job.run_id == job.id
    assert job.run_dir.endswith(f"/runs/{job.run_id}")
    job = client.jobs.wait(job.id, timeout=600)
    assert (job.exit_code, job.status) == (0, "completed")
    for m in client.runs.records(job.run_id):
        print(f"Step {m.get('step')}: loss={m.get('loss')}")
    assert [m["loss"] for m in client.runs.records(job.run_id)] == [0.01 / (1 + n) for n in range(5)]
    artifacts = client.runs.artifacts(job.run_id, root="run").artifacts
    assert {"metrics.jsonl", "output.log"} <= {a.path for a in artifacts}
    assert all(a.size >= 0 and a.modified for a in artifacts)
    assert client.runs.artifact(job.run_id, "output.log", root="run").decode() == "trained\n"
    assert client.jobs.get(job.id).id == client.runs.get(job.run_id).id
    assert client.runs.list(status="completed", tag="baseline", limit=5).runs[0].id == job.id


def test_a_wait_that_takes_too_long_is_a_timeout(client: Client) -> None:
    job = client.jobs.submit({"command": ["sleep", "60"], "workdir": "/tmp"})
    with pytest.raises(TimeoutError) as caught:
        client.jobs.wait(job.id, timeout=0.2)
    assert isinstance(caught.value, WaitTimeout)
    client.jobs.cancel(job.id)
    assert client.jobs.wait(job.id, timeout=60).status == "cancelled"


def test_submit_and_wait_is_one_call(client: Client, project: Path) -> None:
    job = trackside.submit([sys.executable, "train.py"], workdir=project, name="quick-job", wait=True, client=client)
    assert job.status == "completed"
    assert client.info().ok
    assert client.monitoring.status().jobs["completed"] >= 1  # get_status


def test_the_batch_of_jobs(client: Client, project: Path) -> None:
    """Their full example: submit several, wait for all, compare their ends."""
    configs = [{"lr": 0.01}, {"lr": 0.001}, {"lr": 0.0001}]
    jobs = [
        client.jobs.submit(
            {
                "command": [sys.executable, "train.py", "--lr", str(config["lr"])],
                "workdir": str(project),
                "name": f"sweep-{i}",
                "config": config,
                "tags": ["sweep"],
            }
        )
        for i, config in enumerate(configs)
    ]
    results = [client.runs.records(job.run_id) for job in client.jobs.wait([job.id for job in jobs])]
    assert [metrics[-1]["loss"] for metrics in results] == [config["lr"] / 5 for config in configs]


def test_a_run_of_its_own(here: Path) -> None:
    """``whirr.init``, ``log``, ``summary``, ``save_artifact``, ``finish`` and what they leave."""
    run = trackside.init(
        name="baseline-lr-0.01",
        config={"lr": 0.01, "batch_size": 32, "epochs": 100, "model": "resnet50"},
        tags=["baseline", "resnet"],
    )
    run.log({"loss": 0.5, "accuracy": 0.85}, step=10)
    run.log({"loss": 0.5})
    run.log({"train_loss": 0.5, "val_loss": 0.6, "train_acc": 0.85, "val_acc": 0.80, "learning_rate": 0.001}, step=11)
    (here / "checkpoints").mkdir()
    (here / "checkpoints" / "model_best.pt").write_bytes(b"weights")
    (here / "results.csv").write_text("a,b\n")
    assert (
        run.save_artifact("checkpoints/model_best.pt", "best_model.pt") == run.run_dir / "artifacts" / "best_model.pt"
    )
    assert run.save_artifact("results.csv").read_text() == "a,b\n"
    run.summary({"best_loss": 0.123, "best_epoch": 87, "final_accuracy": 0.956, "total_training_time": 3600})
    run.finish()
    run.finish()
    with pytest.raises(RuntimeError) as caught:
        run.log({"loss": 1.0})
    assert isinstance(caught.value, RunClosedError)
    assert run.run_id.startswith("local-")
    with pytest.raises(TypeError):
        run.config["lr"] = 1  # type: ignore[index]  # read-only
    metrics = read_metrics(run.run_dir / "metrics.jsonl")
    assert [(m["_idx"], m.get("step")) for m in metrics] == [(0, 10), (1, None), (2, 11)]
    assert all(m["_timestamp"].endswith("Z") for m in metrics)
    meta = read_meta(run.run_dir)
    assert (meta["status"], meta["summary"]["best_epoch"], meta["config_file"]) == ("completed", 87, "config.json")
    assert json.loads((run.run_dir / "config.json").read_text())["batch_size"] == 32
    assert "trackside" in (run.run_dir / "requirements.txt").read_text()
    assert read_metrics(here / "nowhere.jsonl") == []


def test_a_run_without_captures_starts_faster(here: Path) -> None:
    run = trackside.init(name="quick-test", capture_git=False, capture_pip=False, system_metrics=False)
    run.finish()
    assert not (run.run_dir / "requirements.txt").exists()
    assert "git_info" not in read_meta(run.run_dir)


def test_the_context_manager(here: Path) -> None:
    with trackside.init(name="my-run", config={"lr": 0.1}) as run:
        for epoch in range(3):
            run.log({"loss": 1 / (1 + epoch)}, step=epoch)
        run.summary({"final_loss": 1 / 3})
    assert read_meta(run.run_dir)["status"] == "completed"

    def fail() -> None:
        raise ValueError("diverged")

    with pytest.raises(ValueError, match="diverged"), trackside.init(name="fails") as broken:
        fail()
    assert read_meta(broken.run_dir)["status"] == "failed"
