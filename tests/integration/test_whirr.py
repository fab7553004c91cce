"""The package ``whirr`` 0.5.3 reads our run folders, and we read its: it lives in an environment of its own."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trackside.tracking import read_meta, read_metrics, read_records, read_system

REQUIREMENT = "whirr==0.5.3"
pytestmark = pytest.mark.timeout(600)  # the first test installs the package


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
def whirr(request: pytest.FixtureRequest) -> Whirr:
    """The package, installed once and kept in pytest's cache folder."""
    assert request.config.cache is not None
    folder = request.config.cache.mkdir(f"whirr-0.5.3-py{sys.version_info.major}{sys.version_info.minor}")
    ready = folder / "ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run(
            [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", REQUIREMENT],
            check=True,
        )
        ready.touch()
    return Whirr(folder)


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
    metrics = runs["torn"] / "metrics.jsonl"
    lines = metrics.read_bytes().splitlines(keepends=True)
    metrics.write_bytes(b"".join([*lines[:2], lines[2][:30] + b"\n", *lines[3:], lines[0][:40]]))
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
    for how, status in (("finished", "completed"), ("failed", "failed"), ("running", "running")):
        (line,) = [line for line in listed.splitlines() if how in line]
        assert status in line
    shown = whirr.say("show", ours["finished"].name, cwd=tmp_path)
    assert "lr: 0.1" in shown
    assert "best_loss: 0.200000" in shown
    assert "(5 logged)" in shown
    whirr.say("export", "runs.json", "--metrics", cwd=tmp_path)
    exported = {run["name"]: run for run in json.loads((tmp_path / "runs.json").read_text())}
    assert [len(exported[how]["metrics"]) for how in ("finished", "failed", "running", "torn")] == [5, 5, 5, 4]
    assert exported["failed"]["summary"]["best_loss"] == 0.2


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
made["running"] = make("running")
print(json.dumps({how: str(run.run_dir) for how, run in made.items()}), flush=True)
os._exit(0)
"""


def test_we_read_the_runs_of_whirr(whirr: Whirr, tmp_path: Path) -> None:
    whirr.say("init", cwd=tmp_path)
    made = whirr.ask(THEIRS, cwd=tmp_path)
    assert isinstance(made, dict)
    for how, status in (("finished", "completed"), ("failed", "failed"), ("running", "running")):
        folder = Path(made[how])
        meta = read_meta(folder)
        assert (meta["run_id"], meta["name"], meta["status"], meta["tags"]) == (folder.name, how, status, ["a"])
        assert meta["summary"] == {"best_loss": 0.2}
        assert (meta["duration_seconds"] is None) == (status == "running")
        metrics = read_metrics(folder / "metrics.jsonl")
        assert [(record["_idx"], record["step"]) for record in metrics] == [(i, i) for i in range(5)]
        assert math.isclose(float(str(metrics[2]["loss"])), 1 / 3)
        for sample in read_system(folder / "system.jsonl"):
            assert "_timestamp" in sample


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
