"""Run folders of whirr, and of other homes of ours, are taken as they are."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from pathlib import Path

import pytest

import trackside
from trackside.tracking import read_meta, read_metrics
from trackside.tracking.importing import Imported, NotImported, import_runs


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    """A run of ours in another home, with one torn line."""
    monkeypatch.setenv("TRACKSIDE_HOME", str(tmp_path / "other"))
    run = trackside.init("base", {"lr": math.inf}, ["a"], system_metrics=False, capture_git=False, capture_pip=False)
    for step in range(3):
        run.log({"loss": math.nan if step == 1 else step / 2}, step=step)
    run.summary({"best": 0.25})
    run.log_text("notes", "hey", step=1)
    (tmp_path / "m.pt").write_text("model")
    run.save_artifact(tmp_path / "m.pt")
    run.finish()
    with (run.run_dir / "metrics.jsonl").open("a") as file:
        file.write('{"_idx": 3, "_timest\n')
    monkeypatch.setenv("TRACKSIDE_HOME", str(home))
    return run.run_dir


@pytest.mark.parametrize("up", [0, 1, 2])
def test_a_run_of_another_home_is_the_same_here(elsewhere, up):
    path = elsewhere.parents[up - 1] if up else elsewhere
    (result,) = import_runs("whirr", [path])
    there, here = read_meta(elsewhere), read_meta(result.folder)
    for field in ("name", "status", "started_at", "finished_at", "duration_seconds", "tags", "summary", "host", "argv"):
        assert here[field] == there[field], field
    assert repr(read_metrics(result.folder.metrics)) == repr(read_metrics(elsewhere / "metrics.jsonl"))
    for name in ("config.json", "media.jsonl", "artifacts/m.pt"):
        assert (result.folder.path / name).read_bytes() == (elsewhere / name).read_bytes()
    assert list(here["imported_from"]["notes"]) == ["1 torn line was passed over."]  # type: ignore[index]
    (again,) = import_runs("whirr", [path])
    assert again.existing


def test_a_folder_of_whirr_is_read_with_its_own_names(tmp_path):
    folder = tmp_path / ".whirr" / "runs" / "local-1"
    folder.mkdir(parents=True)
    told = {
        "id": "local-1",
        "name": "w",
        "status": "completed",
        "started_at": "2026-01-02T03:04:05+00:00",
        "git": {"commit": "abc"},
    }
    (folder / "meta.json").write_text(json.dumps(told))
    (folder / "metrics.jsonl").write_text(
        '{"_idx": 0, "_timestamp": "2026-01-02T03:04:06+00:00", "step": 4, "loss": 1}\n'
    )
    (result,) = import_runs("whirr", [tmp_path])
    assert read_metrics(result.folder.metrics) == [
        {"_idx": 0, "_timestamp": "2026-01-02T03:04:06.000000Z", "step": 4, "loss": 1}
    ]
    assert read_meta(result.folder)["git_info"] == {"commit": "abc"}


def test_one_that_still_runs_is_as_it_is_now_and_says_so(elsewhere):
    told = json.loads((elsewhere / "meta.json").read_bytes()) | {"status": "running", "finished_at": None}
    (elsewhere / "meta.json").write_text(json.dumps(told))
    (result,) = import_runs("whirr", [elsewhere])
    assert read_meta(result.folder)["status"] == "failed"
    assert result.notes[0].startswith("It had not finished")


def test_a_source_that_went_on_after_its_import_is_told(elsewhere):
    list(import_runs("whirr", [elsewhere]))
    (before,) = import_runs("whirr", [elsewhere])
    later = time.time() + 60
    os.utime(elsewhere / "metrics.jsonl", (later, later))
    (after,) = import_runs("whirr", [elsewhere])
    assert (before.notes, after.notes) == ((), ("Its source was written to since then.",))


def test_the_runs_of_this_home_are_not_copied_into_it(elsewhere, home):
    other = elsewhere.parents[1]
    (refused,) = import_runs("whirr", [other], home=other)
    assert isinstance(refused, NotImported)
    assert "is in this home already" in refused.error.message
    shutil.copytree(other, home, dirs_exist_ok=True)
    (refused,) = import_runs("whirr", [other], again=True)
    assert isinstance(refused, NotImported)
    assert [folder.name for folder in (home / "runs").iterdir()] == [elsewhere.name]


def test_a_run_comes_once_over_several_homes_and_not_back(elsewhere, home, tmp_path):
    first, second = elsewhere.parents[1], tmp_path / "second"
    (there,) = import_runs("whirr", [elsewhere], home=second)
    assert not import_one([elsewhere], home).existing
    assert import_one([second], home).existing
    assert import_one([home], home).existing
    (back,) = import_runs("whirr", [second], home=first)
    assert isinstance(back, NotImported)
    list(import_runs("whirr", [second], home=second, again=True))
    assert [folder.name for folder in (second / "runs").iterdir()] == [there.folder.path.name]


def import_one(paths: list[Path], home: Path) -> Imported:
    (result,) = import_runs("whirr", paths, home=home)
    assert isinstance(result, Imported), result
    return result


def test_a_table_that_was_imported_elsewhere_is_known_by_its_content(tmp_path, home):
    file = tmp_path / "log.csv"
    file.write_text("step,time,loss\n0,2026-01-02T03:04:05Z,1\n")
    (there,) = import_runs("csv", [file], home=tmp_path / "other")
    assert import_one([tmp_path / "other"], home).folder.path.name == there.folder.path.name
    (here,) = import_runs("csv", [file], home=home)
    assert here.existing
