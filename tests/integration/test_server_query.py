"""Runs are asked for, laid out as a table and put side by side: over a real server, by client, terminal and notebook."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.serving import LiveServer, Place, stop_templates, until
from trackside.client import Client
from trackside.errors import InvalidInput

_TRAINS = """
import sys, trackside
lr = float(sys.argv[1])
run = trackside.init(name=f"lr-{lr}", config={"lr": lr, "opt": {"name": "adam"}}, tags=["grid", *sys.argv[2:]], system_metrics=False)
for step in range(10):
    trackside.log({"val/loss": lr * 10 / (step + 1)}, step=step)
run.summary({"best": lr})
run.finish()
print(run.run_id)
"""
_WAITS = """
import trackside, time
run = trackside.init(name="waits", tags=["grid"], system_metrics=False, capture_git=False, capture_pip=False)
trackside.log({"val/loss": 7.0}, step=3)
print(run.run_id, flush=True)
input()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with two runs of a grid and one job."""
    server = LiveServer(Place(tmp_path_factory.mktemp("query") / "place")).start()
    yield server
    server.stop()
    stop_templates(server.place.home)


@pytest.fixture(scope="module")
def client(place: LiveServer) -> Iterator[Client]:
    """A client of that server."""
    with Client(place.url, place.token) as client:
        yield client


def _script(place: LiveServer, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _TRAINS, *arguments],
        env=place.place.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


@pytest.fixture(scope="module")
def grid(place: LiveServer) -> tuple[str, str]:
    """The ids of two runs that differ in their learning rate; the second bears the tag ``best``."""
    return _script(place, "0.5"), _script(place, "0.001", "best")


def test_a_query_is_the_same_by_rest_client_and_terminal(
    place: LiveServer, client: Client, grid: tuple[str, str]
) -> None:
    query = "tag:grid status:completed config.opt/name=adam config.lr<0.01 summary.best>0 since:1h lr-"
    assert [run["id"] for run in place.get("runs", params={"query": query}).json()["runs"]] == [grid[1]]
    assert [run.id for run in client.runs.iterate(query)] == [grid[1]]
    words = ["runs", "tag:grid", "-tag:best", "name:lr-*", "-config.lr>1", "--limit", "9"]
    done = subprocess.run(
        [sys.executable, "-m", "trackside.cli", "--json", *words],
        env=place.place.environment(),
        capture_output=True,
        text=True,
    )
    assert [run["id"] for run in json.loads(done.stdout)["data"]["runs"]] == [grid[0]], done.stderr


def test_a_query_that_cannot_be_read_is_refused_in_a_sentence(place: LiveServer, client: Client) -> None:
    answer = place.get("runs", params={"query": "stauts:failed"})
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "code": "invalid_input", "message": "'stauts:failed': stauts: is not known.", "hint": "Did you mean 'status'?",
    }  # fmt: skip
    for ask in (client.runs.list, client.runs.table, lambda query: list(client.runs.iterate(query))):
        with pytest.raises(InvalidInput, match="compares numbers"):
            ask("config.lr<fast")


def test_what_a_run_says_later_is_found_as_it_is_then(place: LiveServer, client: Client, grid: tuple[str, str]) -> None:
    client.runs.patch(grid[0], name="other name", tags=["late"])
    assert [run.id for run in client.runs.list("tag:late name:'other name' config.lr=0.5").runs] == [grid[0]]
    client.runs.patch(grid[0], name="lr-0.5", tags=["grid"])
    assert client.runs.list("tag:late").runs == []


def test_the_config_of_a_job_is_found_from_its_submission_on(place: LiveServer, client: Client) -> None:
    job = place.submit(command=["/bin/sleep", "60"], config={"lr": 0.25, "job": {"kind": "sleeper"}})
    assert [run.id for run in client.runs.list("config.job.kind=sleeper config.lr=0.25").runs] == [job["id"]]
    place.running(job["id"])
    assert [run.id for run in client.runs.list("config.job.kind=sleeper status:running").runs] == [job["id"]]
    place.post(f"jobs/{job['id']}/cancel")
    place.ended(job["id"])
    assert client.runs.list("config.job.kind=sleeper status:running").runs == []
    assert place.request("DELETE", f"jobs/{job['id']}").status_code == 204
    assert client.runs.list("config.job.kind=sleeper").runs == []


def test_the_table_has_a_row_per_run_also_of_one_that_goes_on(
    place: LiveServer, client: Client, grid: tuple[str, str]
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _WAITS],
        env=place.place.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        waiting = process.stdout.readline().strip()
        until(lambda: len(client.runs.table("tag:grid")) == 3, "three rows")
        frame = client.runs.table("tag:grid").set_index("id")
        assert frame.index.tolist() == [waiting, grid[1], grid[0]]
        assert frame.loc[waiting, ["status", "val/loss.last"]].tolist() == ["running", 7.0]
        assert [run.id for run in client.runs.list("tag:grid val/loss=7").runs] == [waiting]
        assert {run.id for run in client.runs.list("tag:grid -val/loss=7").runs} == set(grid)
        assert client.runs.get(waiting).metrics["val/loss"].last == 7.0
        assert frame.loc[grid[0], ["config.lr", "config.opt.name", "summary.best"]].tolist() == [0.5, "adam", 0.5]
        assert frame.loc[grid[0], ["val/loss.last", "val/loss.min", "val/loss.max"]].tolist() == [0.5, 0.5, 5.0]
        assert len(client.runs.table("tag:grid", limit=2)) == 2
        assert client.runs.table("tag:grid", limit=2).attrs["more"]
        assert client.runs.table("tag:nobody").empty
    finally:
        process.communicate("\n", timeout=30)


def test_runs_are_compared_with_source_and_surroundings(
    place: LiveServer, client: Client, grid: tuple[str, str]
) -> None:
    cells = [
        place.submit(cell=f"import trackside\ntrackside.log({{'loss': {n}}}, step=0)", config={"n": n}) for n in (1, 2)
    ]
    ids = [place.ended(job["id"])["id"] for job in cells]
    found = client.runs.compare(ids)
    assert [(row.key, row.values) for row in found.config] == [("n", [1, 2])]
    assert [(row.key, row.last) for row in found.metrics] == [("loss", [1.0, 2.0])]
    assert [(diff.run_id, diff.path) for diff in found.source] == [(ids[1], "cell.py")]
    assert "-trackside.log({'loss': 1}, step=0)\n+trackside.log({'loss': 2}, step=0)" in found.source[0].diff
    assert [(curve.key, curve.x, curve.y) for curve in found.curves] == [("loss", [0.0], [[1.0], [2.0]])]
    two = client.runs.compare(grid, keys="val/loss", x="time", max_points=16)
    assert {row.key: row.differs for row in two.environment}["python"] is False
    assert two.curves[0].x[0] == 0.0
    with pytest.raises(InvalidInput, match="max_points"):
        client.runs.compare(grid, max_points=3000)


def test_the_terminal_shows_a_comparison(place: LiveServer, client: Client, grid: tuple[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "trackside.cli", "compare", *grid],
        env=place.place.environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    lines = {line.split("  ")[0]: line.replace(" ★", "").split()[-2:] for line in done.stdout.splitlines() if line}
    assert (lines["lr"], lines["val/loss min"]) == (["0.5", "0.001"], ["0.5", "0.001"])
    assert {row.key: row.differs for row in client.runs.compare(grid).config} == {"lr": True, "opt.name": False}
