"""The routes of runs: of jobs and of plain scripts, their metrics, their files."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.serving import LiveServer
from trackside import models
from trackside.tracking import RunFolder

_TRAINS = """
import sys, trackside
run = trackside.init(name=sys.argv[1], config={"lr": float(sys.argv[2]), "layers": [8, 8]}, tags=["plain"])
for i in range(50):
    trackside.log({"loss": 1 / (i + 1), "lr": float(sys.argv[2])}, step=i)
run.summary({"best": 0.02, "worst": float("nan")})
run.finish()
print(run.run_id)
"""


def _script(server: LiveServer, source: str, *arguments: str) -> str:
    """Run a plain script against the server's home and return the last word that it printed."""
    environment = server.place.environment()
    command = [sys.executable, "-c", source, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


@pytest.fixture(scope="module")
def plain(live: LiveServer) -> str:
    """The id of a run that a plain script made, without a job."""
    return _script(live, _TRAINS, "plain-run", "0.01")


def _run_folder(server: LiveServer, lines: str = "", **meta: object) -> Path:
    """A run's folder made by hand, as another program may have left it."""
    name = f"local-20261122-093000-{uuid.uuid4().hex[:6]}"
    folder = server.place.home / "runs" / name
    (folder / "artifacts").mkdir(parents=True)
    (folder / "metrics.jsonl").write_text(lines)
    content = {"run_id": name, "status": "completed", "started_at": "2026-11-22T09:30:00Z", **meta}
    aside = folder / "meta.tmp"
    aside.write_text(json.dumps(content))
    aside.rename(folder / "meta.json")
    return folder


# Runs


def test_a_run_of_a_plain_script_is_listed_with_what_it_said(live: LiveServer, plain: str) -> None:
    run = msgspec.json.decode(live.get("runs/plain-run").content, type=models.RunInfo)
    assert (run.id, run.name, run.status, run.job_id) == (plain, "plain-run", "completed", None)
    assert run.config == {"lr": 0.01, "layers": [8, 8]}
    assert run.summary == {"best": 0.02, "worst": "NaN"}
    assert run.tags == ["plain"]
    assert run.duration_seconds is not None
    page = msgspec.json.decode(live.get("runs", params={"tag": "plain"}).content, type=models.RunPage)
    assert plain in [each.id for each in page.runs]


def test_what_is_evaluated_after_the_end_of_a_run_belongs_to_it_too(live: LiveServer) -> None:
    run_id = _script(live, _TRAINS, "late", "0.5")
    assert live.get(f"runs/{run_id}").json()["status"] == "completed"
    RunFolder(live.get(f"runs/{run_id}").json()["run_dir"]).update_meta(summary={"test_acc": 0.91})
    assert live.get(f"runs/{run_id}").json()["summary"] == {"test_acc": 0.91}
    found = live.get("runs", params={"query": "summary.test_acc>0.9"}).json()["runs"]
    assert [run["id"] for run in found] == [run_id]


def test_a_run_that_begins_while_somebody_listens_is_told(live: LiveServer) -> None:
    with live.events("events") as events:
        next(events)
        made = _script(live, _TRAINS, "told", "0.5")
        kind, _, data = next(frame for frame in events if frame[2].get("type") == "run" and frame[2]["run_id"] == made)
    assert (kind, data["type"]) == ("event", "run")


def test_a_run_whose_process_was_killed_has_failed(live: LiveServer) -> None:
    source = "import trackside, time; run = trackside.init(); print(run.run_id, flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", source], env=live.place.environment(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    run = process.stdout.readline().strip()
    assert live.get(f"runs/{run}").json()["status"] == "running"
    assert live.request("DELETE", f"runs/{run}").status_code == 409
    print(f"SIGKILL to the script {process.pid}")
    process.kill()
    process.wait()
    found = live.get(f"runs/{run}").json()
    assert (found["status"], found["reason"]["code"]) == ("failed", "lost")


def test_runs_are_found_by_words_in_name_id_and_tags(live: LiveServer, plain: str) -> None:
    mark = uuid.uuid4().hex
    folder = _run_folder(live, name="wide net", tags=[mark])

    def found(query: str, **params: str) -> list[str]:
        return [run["id"] for run in live.get("runs", params={"query": query, **params}).json()["runs"]]

    assert found(f"wide {mark}") == [folder.name]
    assert found(f"{mark[:8]} net") == [folder.name]
    assert found(folder.name) == [folder.name]
    assert found(f"{mark} absent") == []
    assert found(mark, status="completed") == [folder.name]
    assert found(mark, status="failed") == []
    assert found(f"tag:{mark} wide") == found(f"status:completed {mark}") == [folder.name]
    assert found(f"tag:{mark[:5]}") == found(f"{mark} status:failed") == []
    assert live.get("runs", params={"query": "status:bored"}).status_code == 400
    assert found("%") == found("_") == []


def test_pages_of_runs_neither_repeat_nor_leave_out_while_runs_are_added(live: LiveServer) -> None:
    tag = uuid.uuid4().hex
    made = [_run_folder(live, tags=[tag], started_at=f"2026-11-22T09:30:{n:02d}Z").name for n in range(6)]
    seen, cursor = [], None
    for _ in range(3):
        page = live.get("runs", params={"tag": tag, "limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [run["id"] for run in page["runs"]]
        cursor = page["next"]
        _run_folder(live, tags=[tag], started_at="2027-01-01T00:00:00Z")
    assert cursor is None
    assert seen == made[::-1]


def test_a_folder_that_is_no_run_costs_only_itself(live: LiveServer) -> None:
    runs = live.place.home / "runs"
    (runs / "not-a-run").mkdir()
    (runs / "local-broken").mkdir()
    (runs / "local-broken" / "meta.json").write_text("{half")
    (runs / "local-folder" / "meta.json").mkdir(parents=True)
    (runs / "a file").touch()
    (runs / os.fsdecode(b"local-\xff")).mkdir()
    _run_folder(
        live, status=["completed"], tags="none", summary=[], reason="because", duration_seconds="long", process=7
    )
    _run_folder(
        live, summary={"deep": json.loads("[" * 100 + "]" * 100), "big": 10**400, "half": "\ud800"}, name="\udcff"
    )
    (_run_folder(live) / "config.json").write_text('{"lr": NaN, "x": ' + "[" * 5000 + "]" * 5000 + "}")
    good = _run_folder(live, name="the good one")
    answer = live.get("runs", params={"limit": 500})
    assert answer.status_code == 200, answer.text
    assert good.name in [run["id"] for run in answer.json()["runs"]]


def test_a_folder_is_noticed_when_its_meta_comes_after_it(live: LiveServer) -> None:
    folder = live.place.home / "runs" / f"local-{uuid.uuid4().hex}"
    folder.mkdir()
    assert folder.name not in live.get("runs").text
    (folder / "meta.json").write_text(json.dumps({"run_id": folder.name, "status": "completed"}))
    assert live.get(f"runs/{folder.name}").json()["status"] == "completed"


def test_a_copied_folder_is_a_run_of_its_own(live: LiveServer) -> None:
    job = live.ended(live.submit(command=["/bin/true"])["id"])
    _run_folder(live, run_id=job["id"], name="a copy")
    live.get("runs")
    assert live.get(f"runs/{job['id']}").json()["name"] == job["id"]


def test_name_and_tags_of_a_run_can_be_changed(live: LiveServer) -> None:
    folder = _run_folder(live, name="before")
    answer = live.request("PATCH", f"runs/{folder.name}", json={"name": "after", "tags": ["x", "y"]})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["name"], answer.json()["tags"]) == ("after", ["x", "y"])
    meta = json.loads((folder / "meta.json").read_text())
    assert (meta["name"], meta["tags"], meta["status"]) == ("after", ["x", "y"], "completed")
    assert live.get("runs/after").json()["id"] == folder.name


def test_a_jobs_run_and_its_job_are_called_the_same(live: LiveServer) -> None:
    job = live.ended(live.submit(command=["/bin/true"], name="old name")["id"])
    with live.events("events") as events:
        next(events)
        assert live.request("PATCH", f"runs/{job['id']}", json={"name": "new name"}).status_code == 200
        told = (data["job"] for _, _, data in events if data["type"] == "job")
        assert next(told)["name"] == "new name"
    assert live.job("new name")["id"] == job["id"]
    assert live.get("jobs/old name").status_code == 404


@pytest.mark.parametrize(
    "body",
    [{"name": ""}, {"name": 5}, {"name": "job-7"}, {"tags": "x"}, {"tags": [1]}, {"status": "completed"}, [], "x"],
)
def test_what_cannot_be_changed_is_refused(live: LiveServer, body: object) -> None:
    folder = _run_folder(live, name="constant")
    answer = live.request("PATCH", f"runs/{folder.name}", json=body)
    assert answer.status_code == 400, answer.text
    assert json.loads((folder / "meta.json").read_text())["name"] == "constant"


def test_a_deleted_run_is_gone_with_its_folder(live: LiveServer) -> None:
    folder = _run_folder(live)
    assert live.get(f"runs/{folder.name}").status_code == 200
    assert live.request("DELETE", f"runs/{folder.name}").status_code == 204
    assert not folder.exists()
    assert live.get(f"runs/{folder.name}").status_code == 404
    job = live.ended(live.submit(command=["/bin/true"])["id"])
    assert live.request("DELETE", f"runs/{job['id']}").status_code == 204
    assert live.get(f"jobs/{job['id']}").status_code == 404


def test_runs_side_by_side_show_what_differs_first(live: LiveServer, plain: str) -> None:
    other = _script(live, _TRAINS, "other-run", "0.1")
    answer = live.get("runs/compare", params={"ids": f"{plain},{other}"})
    said = msgspec.json.decode(answer.content, type=models.Comparison)
    assert [run.id for run in said.runs] == [plain, other]
    assert [(row.key, row.values, row.differs) for row in said.config] == [
        ("lr", [0.01, 0.1], True),
        ("layers", [[8, 8], [8, 8]], False),
    ]
    loss = next(row for row in said.metrics if row.key == "loss")
    assert (loss.last, loss.min, loss.max) == ([0.02, 0.02], [0.02, 0.02], [1.0, 1.0])
    for ids in ("", ",", "nobody", ",".join([plain] * 51)):
        assert live.get("runs/compare", params={"ids": ids}).status_code in {400, 404}, ids
    assert "ids" in live.get("runs/compare").json()["error"]["message"]


def test_curves_of_several_runs_come_with_one_answer(live: LiveServer) -> None:
    code = "import trackside\nfor n in range(300): trackside.log({'loss': n / %d})"
    jobs = [live.ended(live.submit(cell=code % divisor)["id"])["id"] for divisor in (3, 7)]
    asked = {"max_points": 50, "between": "100,200"}
    alone = [live.get(f"runs/{job}/metrics", params=asked).json() for job in jobs]
    together = live.get("runs/metrics", params={"ids": ",".join(reversed(jobs)), **asked})
    assert together.json() == alone[::-1]
    assert [each["run_id"] for each in together.json()] == jobs[::-1]
    missing = live.get("runs/metrics", params={"ids": f"{jobs[0]},none-such"})
    assert missing.status_code == 404
    assert "none-such" in missing.json()["error"]["message"]
    for ids in ("", ",".join(jobs * 26)):
        assert live.get("runs/metrics", params={"ids": ids}).status_code == 400


def test_the_outputs_of_a_cell_are_given_as_they_came(live: LiveServer) -> None:
    job = live.ended(live.submit(cell="from IPython.display import display\ndisplay('seen')\n1 + 1")["id"])
    outputs = live.get(f"runs/{job['id']}/outputs").json()
    assert [output["output_type"] for output in outputs] == ["display_data", "execute_result"], outputs
    assert live.get(f"runs/{job['id']}/outputs").json() == outputs
    assert live.get(f"runs/{_run_folder(live).name}/outputs").json() == []


# Metrics


def _metrics(server: LiveServer, folder: Path, **params: object) -> models.Metrics:
    answer = server.get(f"runs/{folder.name}/metrics", params=params)
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=models.Metrics)


def _lines(*records: Mapping[str, object]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def test_metrics_of_a_run_are_curves(live: LiveServer, plain: str) -> None:
    found = msgspec.json.decode(live.get(f"runs/{plain}/metrics").content, type=models.Metrics)
    assert set(found.series) == {"loss", "lr"}
    assert found.series["loss"].x == list(range(50))
    assert found.series["loss"].y == [1 / (i + 1) for i in range(50)]
    assert (found.series["loss"].count, found.torn) == (50, 0)
    only = live.get(f"runs/{plain}/metrics", params={"keys": "loss,absent"}).json()
    assert set(only["series"]) == {"loss"}


def test_extremes_and_ends_survive_thinning(live: LiveServer) -> None:
    rows: list[dict[str, object]] = [{"_idx": i, "step": i, "v": math.sin(i / 50)} for i in range(20_000)]
    rows[7777]["v"], rows[13131]["v"] = 99.0, -99.0
    folder = _run_folder(live, _lines(*rows))
    series = _metrics(live, folder, max_points=200).series["v"]
    assert len(series.x) == len(series.y) <= 200
    assert (series.x[0], series.x[-1], series.count) == (0, 19_999, 20_000)
    assert (series.max, series.min) == (99.0, -99.0)
    points = dict(zip(series.x, series.y, strict=True))
    assert (points[7777], points[13131]) == (99.0, -99.0)
    assert len(_metrics(live, folder, max_points=0).series["v"].x) == 20_000


def test_gaps_survive_thinning(live: LiveServer) -> None:
    rows = [{"step": i, "v": "NaN" if 5000 <= i < 5100 else "Infinity" if i == 9000 else i % 7} for i in range(10_000)]
    series = _metrics(live, _run_folder(live, _lines(*rows)), max_points=100).series["v"]
    assert len(series.x) <= 100
    points = dict(zip(series.x, series.y, strict=True))
    assert points[5000] is None
    assert points[9000] is None
    assert (series.min, series.max) == (0, 6)


def test_every_spelling_of_nan_and_infinity_is_a_gap(live: LiveServer) -> None:
    lines = '{"step": 0, "v": "NaN"}\n{"step": 1, "v": NaN}\n{"step": 2, "v": -Infinity}\n{"step": 3, "v": 1e999}\n'
    found = _metrics(live, _run_folder(live, lines + '{"step": 4, "v": "-Infinity"}\n'))
    assert found.series["v"].y == [None] * 5
    assert (found.series["v"].last, found.series["v"].min, found.torn) == ("-Infinity", None, 0)


def test_torn_lines_cost_only_themselves_and_are_counted(live: LiveServer) -> None:
    lines = '{"step": 0, "v": 1}\n{"step": 1, "v"\n\n17\n{"step": 2, "v": 3}\n{"step": 3, '
    found = _metrics(live, _run_folder(live, lines))
    assert found.series["v"].y == [1, 3]
    assert (found.torn, found.next) == (2, lines.rindex("\n") + 1)


def test_metrics_between_two_steps_have_their_points(live: LiveServer) -> None:
    folder = _run_folder(live, _lines(*({"step": n, "v": n} for n in range(20_000))))
    series = _metrics(live, folder, max_points=100, between="10000,10050").series["v"]
    assert (series.x[0], series.x[-1], len(series.x), series.count) == (9999, 10051, 53, 20_000)
    for wrong in ("5", "7,3", "a,b", "nan,1"):
        answer = live.get(f"runs/{folder.name}/metrics", params={"between": wrong})
        assert answer.json()["error"]["message"] == f"between: {wrong!r} is no range."


def test_metrics_go_on_from_where_they_stopped(live: LiveServer) -> None:
    folder = _run_folder(live, _lines({"step": 0, "v": 1}))
    first = _metrics(live, folder)
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(_lines({"step": 1, "v": 2}, {"step": 2, "w": 3}))
    second = _metrics(live, folder, since=first.next)
    assert second.series["v"].x + second.series["w"].x == [1, 2]
    assert _metrics(live, folder, since=second.next).series == {}
    assert _metrics(live, folder, since=10**12).series == {}


def test_the_x_axis_is_a_step_a_time_or_a_key(live: LiveServer) -> None:
    rows: list[dict[str, object]] = [
        {"_idx": i, "_timestamp": f"2026-11-22T09:30:0{i}.500000Z", "epoch": i / 2, "v": i, "ok": True, "note": "text"}
        for i in range(4)
    ]
    folder = _run_folder(live, _lines(*rows, {"_idx": 4, "v": 9}))
    assert _metrics(live, folder).series["v"].x == [0, 1, 2, 3, 4]
    assert set(_metrics(live, folder).series) == {"v", "epoch"}
    assert _metrics(live, folder, x="epoch").series["v"].x == [0, 0.5, 1, 1.5]
    times = _metrics(live, folder, x="time").series["v"].x
    assert [b - a for a, b in pairwise(times)] == [1, 1, 1]
    assert _metrics(live, folder, x="absent").series == {}


def test_whole_numbers_too_large_for_a_float_do_no_harm(live: LiveServer) -> None:
    folder = _run_folder(
        live, f'{{"step": 0, "v": {10**400}}}\n{{"step": {10**400}, "v": 1}}\n{{"step": 1, "v": {2**63}}}\n'
    )
    assert _metrics(live, folder).series["v"].count == 3


@pytest.mark.parametrize("params", [{"max_points": -1}, {"max_points": "x"}, {"since": -1}, {"since": 2**70}])
def test_metrics_refuse_what_they_cannot_read(live: LiveServer, plain: str, params: dict[str, Any]) -> None:
    answer = live.get(f"runs/{plain}/metrics", params=params)
    assert answer.status_code == 400
    assert next(iter(params)) in answer.json()["error"]["message"]


def test_a_million_points_keep_nobody_waiting(live: LiveServer) -> None:
    rows = "".join(f'{{"_idx": {i}, "step": {i}, "loss": {i % 97 / 97}, "acc": 0.5}}\n' for i in range(200_000))
    folder = _run_folder(live, rows)
    waits = []
    environment, source = (
        live.place.environment(),
        "import sys, httpx; print(httpx.get(sys.argv[1], headers={'Authorization': sys.argv[2]}, timeout=60).status_code)",
    )
    url = f"{live.api}runs/{folder.name}/metrics?max_points=1000"
    reader = subprocess.Popen(
        [sys.executable, "-c", source, url, f"token {live.token}"], env=environment, stdout=subprocess.PIPE
    )
    while reader.poll() is None:
        began = time.perf_counter()
        assert live.get("health").status_code == 200
        waits.append(time.perf_counter() - began)
    assert reader.communicate()[0].split() == [b"200"]
    waits.sort()
    assert waits[len(waits) // 2] < 0.1, f"median {waits[len(waits) // 2]:.3f} s, longest {waits[-1]:.3f} s"
