"""The package ``whirr`` 0.5.3 reads our run folders, and we read its: it lives in an environment of its own."""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.environments import environment_with
from tests.serving import LiveServer, Place, stop_templates, until
from trackside.tracking import read_meta, read_metrics, read_records, read_system

REQUIREMENT = "whirr==0.5.3"
pytestmark = pytest.mark.timeout(600)  # the first test installs the package

HOWS = ("finished", "failed", "running", "torn")
STATUSES = ("completed", "failed", "running", "completed")
"""How runs were left: by ``finish``, by an exception, by a kill, and finished with two of their lines torn."""


class Whirr:
    """The package in its environment: its Python, its program."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "bin" / "python"
        self.program = folder / "bin" / "whirr"

    def ask(self, code: str, *arguments: object, cwd: Path | None = None) -> object:
        """Return what ``code`` prints as JSON."""
        return json.loads(self._run([self.python, "-c", code, *arguments], cwd))

    def say(self, *arguments: object, cwd: Path) -> str:
        """Return what the program prints."""
        return self._run([self.program, *arguments], cwd)

    def _run(self, argv: list[object], cwd: Path | None) -> str:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("TRACKSIDE", "WHIRR", "PYTHON"))
        }
        answer = subprocess.run(
            [str(part) for part in argv],
            cwd=cwd,
            env={**environment, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout


@pytest.fixture(scope="module")
def whirr() -> Whirr:
    """The package, installed once."""
    return Whirr(environment_with(REQUIREMENT).parent.parent)


def _tear(metrics: Path) -> None:
    """Cut the third record in its middle, and leave the beginning of one more at the end."""
    lines = metrics.read_bytes().splitlines(keepends=True)
    metrics.write_bytes(b"".join([*lines[:2], lines[2][:30] + b"\n", *lines[3:], lines[0][:40]]))


OURS = """
import os, sys
import trackside

def make(how):
    run = trackside.init(how, config={"lr": 0.1, "clip": float("inf"), "layers": [1, 2]}, tags=["a", "b"])
    for i in range(5):
        run.log({"loss": 1 / (i + 1), "good": True, "nan": float("nan"), "deep": {"x": None}}, step=i)
    run.summary({"best_loss": 0.2, "bad": float("-inf")})
    print(how, run.run_dir, flush=True)
    return run

make("finished").finish()
try:
    with make("failed"):
        raise ValueError("no luck")
except ValueError:
    pass
torn = make("torn")
torn.finish()
os._exit(bool(make("running")) * 0)
"""


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Our run folders by how they ended; the process of the running one is gone, as after a kill."""
    home = tmp_path_factory.mktemp("home")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRACKSIDE")}
    answer = subprocess.run(
        [sys.executable, "-c", OURS],
        env={**environment, "TRACKSIDE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    runs = {name: Path(path) for name, path in (line.split(" ", 1) for line in answer.stdout.splitlines())}
    _tear(runs["torn"] / "metrics.jsonl")
    return runs


READ = """
import json, sys
from pathlib import Path
from whirr.run import read_meta, read_metrics
run = Path(sys.argv[1])
print(json.dumps({
    "meta": read_meta(run).model_dump(),
    "metrics": [record.model_dump(by_alias=True) for record in read_metrics(run / "metrics.jsonl")],
}))
"""


@pytest.mark.parametrize(("how", "status"), [("finished", "completed"), ("failed", "failed"), ("running", "running")])
def test_whirr_reads_our_run(whirr: Whirr, ours: dict[str, Path], how: str, status: str) -> None:
    found = whirr.ask(READ, ours[how])
    assert isinstance(found, dict)
    meta, metrics = found["meta"], found["metrics"]
    mine = read_meta(ours[how])
    assert (meta["id"], meta["name"], meta["status"], meta["tags"]) == (mine["run_id"], how, status, ["a", "b"])
    assert (meta["started_at"], meta["finished_at"]) == (mine["started_at"], mine["finished_at"])
    assert meta["summary"] == {"best_loss": 0.2, "bad": "-Infinity"}
    assert (meta["config_file"], meta["metrics_file"], meta["artifacts_dir"]) == (
        "config.json", "metrics.jsonl", "artifacts",
    )  # fmt: skip
    assert [record["step"] for record in metrics] == [0, 1, 2, 3, 4]
    assert [record["_idx"] for record in metrics] == [0, 1, 2, 3, 4]
    assert metrics[1]["loss"] == 0.5
    assert metrics[1]["good"] is True
    assert metrics[1]["nan"] == "NaN"


def test_what_is_captured_reaches_whirr_too(whirr: Whirr, ours: dict[str, Path]) -> None:
    """These tests run inside a work tree, or not: both are read."""
    found = whirr.ask(READ, ours["finished"])
    assert isinstance(found, dict)
    git = found["meta"]["git"]
    mine = read_meta(ours["finished"]).get("git")
    assert git == mine
    assert found["meta"]["requirements_file"] == "requirements.txt"
    assert found["meta"]["pip_packages_count"] > 10


def test_whirr_reads_our_torn_run_but_for_what_is_torn(whirr: Whirr, ours: dict[str, Path]) -> None:
    found = whirr.ask(READ, ours["torn"])
    assert isinstance(found, dict)
    assert [record["_idx"] for record in found["metrics"]] == [0, 1, 3, 4]
    records, _, torn = read_records(ours["torn"] / "metrics.jsonl")
    assert [record["_idx"] for record in records] == [0, 1, 3, 4]
    assert torn == 1


ODD = """
import trackside
run = trackside.init("odd", system_metrics=False, capture_git=False, capture_pip=False)
for step in (1, 1, 0, 0.5, 2.0, True):
    run.log({"loss": 0.5, "none": None, "big": 2**70, "note": "ü", "train": {"loss": 1}}, step=step)
run.finish()
print(run.run_dir)
"""


def test_what_whirr_does_not_take_of_ours_is_a_step_that_is_no_whole_number(whirr: Whirr, tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", ODD],
        env={**os.environ, "TRACKSIDE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = whirr.ask(READ, answer.stdout.strip())
    assert isinstance(found, dict)
    assert [record["step"] for record in found["metrics"]] == [1, 1, 0, 2, 1]
    assert [record["_idx"] for record in found["metrics"]] == [0, 1, 2, 4, 5]
    assert {(record["loss"], record["big"], record["note"], record["train/loss"]) for record in found["metrics"]} == {
        (0.5, 2**70, "ü", 1)
    }


REGISTER = """
import json, sys
from pathlib import Path
from whirr.config import find_whirr_dir, get_db_path
from whirr.db import complete_run, create_run, get_connection
from whirr.run import read_meta
connection = get_connection(get_db_path(find_whirr_dir()))
for path in map(Path, sys.argv[1:]):
    meta = read_meta(path)
    config = json.loads((path / meta.config_file).read_text())
    create_run(connection, run_id=meta.id, run_dir=str(path), name=meta.name, config=config, tags=meta.tags)
    if meta.status != "running":
        complete_run(connection, run_id=meta.id, status=meta.status, summary=meta.summary.values)
print("null")
"""


def test_the_program_of_whirr_lists_shows_and_exports_our_runs(
    whirr: Whirr, ours: dict[str, Path], tmp_path: Path
) -> None:
    whirr.say("init", cwd=tmp_path)
    whirr.ask(REGISTER, *ours.values(), cwd=tmp_path)
    listed = whirr.say("runs", cwd=tmp_path)
    for how, status in zip(HOWS, STATUSES, strict=True):
        (line,) = [line for line in listed.splitlines() if how in line]
        assert status in line
        shown = whirr.say("show", ours[how].name, cwd=tmp_path)
        assert f"status: {status}" in shown
        assert "tags: a, b" in shown
        assert "lr: 0.1" in shown
        assert "clip: Infinity" in shown
        assert f"({4 if how == 'torn' else 5} logged)" in shown
        assert "loss=0.2000" in shown
        assert ("best_loss: 0.200000" in shown) == (how != "running"), "whirr takes it from its own store at the end"
    compared = whirr.say("compare", ours["finished"].name, ours["failed"].name, "--metrics", cwd=tmp_path)
    assert "best_loss" in compared
    whirr.say("export", "runs.json", "--metrics", cwd=tmp_path)
    exported = {run["name"]: run for run in json.loads((tmp_path / "runs.json").read_text())}
    assert [len(exported[how]["metrics"]) for how in HOWS] == [5, 5, 5, 4]
    assert exported["failed"]["summary"]["best_loss"] == 0.2
    whirr.say("export", "runs.csv", cwd=tmp_path)
    with (tmp_path / "runs.csv").open() as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert [rows[how]["status"] for how in HOWS] == list(STATUSES)
    assert [rows[how]["config.lr"] for how in HOWS] == ["0.1"] * 4


THEIRS = """
import json, os, sys
from pathlib import Path
import whirr

def make(how):
    run = whirr.init(how, config={"lr": 0.1}, tags=["a"])
    for i in range(5):
        run.log({"loss": 1 / (i + 1)}, step=i)
    run.summary({"best_loss": 0.2})
    return run

made = {}
made["finished"] = make("finished"); made["finished"].finish()
try:
    with make("failed") as run:
        made["failed"] = run
        raise ValueError
except ValueError:
    pass
made["torn"] = make("torn"); made["torn"].finish()
made["running"] = make("running")
print(json.dumps({how: str(run.run_dir) for how, run in made.items()}), flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def theirs(whirr: Whirr, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Their run folders by how they ended, as they lie in a project of theirs."""
    project = tmp_path_factory.mktemp("project")
    whirr.say("init", cwd=project)
    made = whirr.ask(THEIRS, cwd=project)
    assert isinstance(made, dict)
    runs = {how: Path(path) for how, path in made.items()}
    _tear(runs["torn"] / "metrics.jsonl")
    return runs


@pytest.mark.parametrize(("how", "status"), [*zip(HOWS, STATUSES, strict=True)])
def test_our_python_reads_a_run_of_whirr(theirs: dict[str, Path], how: str, status: str) -> None:
    folder = theirs[how]
    meta = read_meta(folder)
    assert (meta["run_id"], meta["name"], meta["status"], meta["tags"]) == (folder.name, how, status, ["a"])
    assert meta["summary"] == {"best_loss": 0.2}
    assert (meta["duration_seconds"] is None) == (status == "running")
    assert meta["git_info"] == meta["git"]
    kept = [0, 1, 3, 4] if how == "torn" else [0, 1, 2, 3, 4]
    records, _, torn = read_records(folder / "metrics.jsonl")
    assert records == read_metrics(folder / "metrics.jsonl")
    assert [(record["_idx"], record["step"]) for record in records] == [(i, i) for i in kept]
    assert torn == (1 if how == "torn" else 0)
    assert math.isclose(float(str(records[1]["loss"])), 1 / 2)
    for sample in read_system(folder / "system.jsonl"):
        assert "_timestamp" in sample


def test_our_program_and_our_client_show_the_runs_of_whirr(theirs: dict[str, Path], tmp_path: Path) -> None:
    """Their folders, put where ours lie. Of a run that says nothing about its process, nobody knows that it is dead."""
    place = Place(tmp_path / "place")
    for folder in theirs.values():
        shutil.copytree(folder, place.home / "runs" / folder.name)
    server = LiveServer(place).start()
    try:

        def ask(*words: str) -> dict[str, Any]:
            answer = subprocess.run(
                [sys.executable, "-m", "trackside.cli", "--json", *words],
                env=place.environment(),
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert answer.returncode == 0, answer.stderr
            return json.loads(answer.stdout)["data"]  # type: ignore[no-any-return]

        runs = {run["name"]: run for run in until(lambda: ask("runs")["runs"], "the runs")}
        assert [runs[how]["status"] for how in HOWS] == list(STATUSES)
        assert [runs[how]["config"] for how in HOWS] == [{"lr": 0.1}] * 4
        assert [runs[how]["summary"] for how in HOWS] == [{"best_loss": 0.2}] * 4
        assert [runs[how]["id"] for how in HOWS] == [theirs[how].name for how in HOWS]
        assert {run["name"] for run in ask("runs", "--status", "completed", "--tag", "a")["runs"]} == {
            "finished",
            "torn",
        }
        files = {artifact["path"] for artifact in ask("artifacts", theirs["failed"].name, "--all")["artifacts"]}
        assert {"metrics.jsonl", "meta.json", "config.json"} <= files
        for how in HOWS:
            saved = ask("artifacts", theirs[how].name, "metrics.jsonl", "--all", "--to", str(tmp_path / how))["saved"]
            assert len(read_metrics(saved[0])) == (4 if how == "torn" else 5)
    finally:
        server.stop()
        stop_templates(place.home)


def test_a_run_that_whirr_began_goes_on_with_us_without_a_gap(whirr: Whirr, tmp_path: Path) -> None:
    whirr.say("init", cwd=tmp_path)
    made = whirr.ask(THEIRS, cwd=tmp_path)
    assert isinstance(made, dict)
    folder = Path(made["running"])
    subprocess.run(
        [sys.executable, "-c", "import trackside; trackside.log({'loss': 0.1}, step=5)"],
        env={**os.environ, "TRACKSIDE_RUN_DIR": str(folder), "TRACKSIDE_HOME": str(tmp_path / "home")},
        check=True,
        timeout=60,
    )
    assert [record["_idx"] for record in read_metrics(folder / "metrics.jsonl")] == [0, 1, 2, 3, 4, 5]
    found = whirr.ask(READ, folder)
    assert isinstance(found, dict)
    assert len(found["metrics"]) == 6
    assert found["meta"]["id"] == folder.name
