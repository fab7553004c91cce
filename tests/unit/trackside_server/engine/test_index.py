"""Run folders as rows: read whatever stands there, found when they come, each for itself."""

import json
import os
from datetime import UTC, datetime

import msgspec
import pytest

from trackside.probes.process import ProcessId
from trackside.tracking.folder import RunFolder
from trackside_server.domain.record import RunRow
from trackside_server.engine.index import RunFinder, row_of_folder


@pytest.fixture
def runs(tmp_path):
    path = tmp_path / "runs"
    path.mkdir()
    return path


def make(runs, run_id, **meta):
    folder = RunFolder(runs / run_id)
    folder.create()
    folder.meta.write_text(json.dumps({"run_id": run_id, "status": "completed", **meta}))
    return folder


def found(finder):
    return sorted(row.id for row in finder.find())


def test_a_folder_is_a_row(runs):
    folder = make(
        runs, "local-1", uuid="u", name="base", tags=["a"], summary={"best": 1}, started_at="2026-11-22T09:30:00Z",
        finished_at="2026-11-22T09:31:00Z", duration_seconds=60, reason={"code": "exception", "message": "ValueError"}, status="failed",
    )  # fmt: skip
    folder.config.write_text('{"lr": 0.1}')
    row = row_of_folder(folder)
    assert (row.id, row.uuid, row.name, row.status, row.reason.code, row.tags) == (
        "local-1",
        "u",
        "base",
        "failed",
        "exception",
        ("a",),
    )
    assert (row.summary, row.config, row.duration_seconds) == ({"best": 1}, {"lr": 0.1}, 60)
    assert row.created_at == row.started_at == datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def test_a_folder_without_a_meta_is_no_row(runs):
    (runs / "empty").mkdir()
    assert row_of_folder(RunFolder(runs / "empty")) is None
    assert row_of_folder(RunFolder(runs / "absent")) is None


def test_the_name_of_the_folder_is_the_id(runs):
    assert row_of_folder(make(runs, "local-copy", id="job-1")).id == "local-copy"


@pytest.mark.parametrize(
    "meta",
    [
        {"status": ["completed"]}, {"status": None}, {"status": "bored"}, {"tags": "x"}, {"tags": [1, None]}, {"summary": [1]}, {"name": 5},
        {"name": "\udcff"}, {"reason": "why"}, {"reason": {"code": 5}}, {"started_at": "yesterday"}, {"started_at": 5}, {"process": 5},
        {"process": {"pid": "x"}}, {"process": {"pid": 1, "start_time": [], "boot_id": 0, "host": None}}, {"duration_seconds": "x"},
        {"summary": {"a": float("nan"), "b": [float("-inf")], "c": "\ud800", "d": 10**400}}, {"uuid": 7}, {"started_at": "2026-11-22T09:30:00"},
    ],
)  # fmt: skip
def test_whatever_stands_in_a_meta_the_row_can_be_kept_and_sent(runs, meta):
    row = row_of_folder(make(runs, "local-odd", **meta))
    assert msgspec.json.decode(msgspec.json.encode(row), type=RunRow) == row
    json.loads(msgspec.json.encode(row.to_wire("h")))
    assert row.created_at.tzinfo is not None


def test_floats_without_a_word_are_spelt_and_deep_values_cut(runs):
    deep = json.loads("[" * 50 + "]" * 50)
    row = row_of_folder(make(runs, "local-odd", summary={"a": float("nan"), "b": float("inf"), "deep": deep}))
    assert (row.summary["a"], row.summary["b"]) == ("NaN", "Infinity")
    assert "…" in json.dumps(row.summary["deep"], ensure_ascii=False)


def test_a_run_whose_process_lives_goes_on_and_one_whose_process_is_gone_was_lost(runs):
    own = ProcessId.of()
    here = make(runs, "local-1", status="running", process=own.to_dict())
    assert row_of_folder(here).status == "running"
    gone = make(runs, "local-2", status="running", process={**own.to_dict(), "start_time": 1})
    assert (row_of_folder(gone).status, row_of_folder(gone).reason.code) == ("failed", "lost")
    elsewhere = make(
        runs, "local-3", status="running", process={**own.to_dict(), "host": "another", "boot_id": "x", "start_time": 1}
    )
    assert row_of_folder(elsewhere).status == "running", "nobody here can tell"
    unnamed = make(runs, "local-4", status="running")
    assert row_of_folder(unnamed).status == "running", "written by another program, which names no process"


def test_each_finished_run_is_found_once(runs):
    finder = RunFinder(runs)
    assert found(finder) == []
    make(runs, "local-1")
    make(runs, "local-2")
    assert found(finder) == ["local-1", "local-2"]
    assert found(finder) == []
    make(runs, "local-3")
    assert found(finder) == ["local-3"]


def test_a_run_that_goes_on_is_found_whenever_it_changed(runs):
    finder, process = RunFinder(runs), ProcessId.of().to_dict()
    folder = make(runs, "local-1", status="running", process=process)
    assert [row.status for row in finder.find()] == ["running"]
    assert finder.find() == []
    folder.update_meta(tags=["new"])
    assert [row.tags for row in finder.find()] == [("new",)]
    folder.update_meta(status="completed")
    assert [row.status for row in finder.find()] == ["completed"]
    folder.update_meta(tags=["later"])
    assert finder.find() == []


def test_a_meta_that_comes_after_its_folder_is_found(runs):
    finder = RunFinder(runs)
    (runs / "local-1").mkdir()
    assert found(finder) == []
    os.utime(runs, ns=(1, 1))
    assert found(finder) == []
    make(runs, "local-1")
    os.utime(runs, ns=(1, 1))
    assert found(finder) == ["local-1"]


def test_folders_of_jobs_and_hidden_ones_are_passed_over(runs):
    for name in ("job-1", "job-22", ".trash-local-1"):
        make(runs, name)
    assert found(RunFinder(runs)) == []


def test_what_could_not_be_kept_is_found_again(runs):
    finder = RunFinder(runs)
    make(runs, "local-1")
    rows = finder.find()
    finder.again(rows)
    assert finder.find() == rows


def test_a_folder_that_cannot_be_read_costs_only_itself(runs, caplog):
    make(runs, "local-1")
    (runs / "local-2" / "meta.json").mkdir(parents=True)
    finder = RunFinder(runs)
    assert found(finder) == ["local-1"]
    assert "local-2" in caplog.text
    assert found(finder) == []


def test_a_folder_that_was_deleted_is_forgotten(runs):
    finder = RunFinder(runs)
    (runs / "local-1").mkdir()
    assert found(finder) == []
    (runs / "local-1").rmdir()
    assert found(finder) == []
    assert finder._open == {}


def test_no_home_yet_has_no_runs(tmp_path):
    assert RunFinder(tmp_path / "absent").find() == []


def test_a_row_knows_when_its_run_was_imported(runs):
    when = "2026-11-22T09:31:00.000000Z"
    rows = [
        row_of_folder(make(runs, f"import-{n}", imported_from=origin))
        for n, origin in enumerate([{"imported_at": when}, {}, "?"])
    ]
    assert [row and row.imported_at for row in rows] == [datetime(2026, 11, 22, 9, 31, tzinfo=UTC), None, None]
