"""Runs that wandb itself wrote offline become runs of ours."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
from tests.integrations.importing.conftest import Trackers

pytestmark = pytest.mark.timeout(900)  # the first test installs the packages

WRITE = """
import math, os, sys, time
os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_ERROR_REPORTING="false")
import numpy as np, wandb
run = wandb.init(project="thesis", name="base", tags=["a", "b"], notes="words", group="g",
                 config={"lr": 0.1, "net": {"depth": 3}, "clip": math.inf})
for i in range(4):
    run.log({"loss": 1 / (i + 1), "odd": [math.nan, math.inf, -math.inf, 1][i], "deep": {"a": i}, "../../up": 1,
             "word": "x", "list": [1, 2]})
pixels = np.zeros((4, 6, 3), dtype=np.uint8)
run.log({"image": wandb.Image(pixels, caption="black"), "../evil": wandb.Image(pixels),
         "images": [wandb.Image(pixels), wandb.Image(pixels)], "weights": wandb.Histogram(np.arange(100)),
         "rows": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]]), "page": wandb.Html("<b>hi</b>")}, step=10)
run.summary["best"] = 0.25
with open("model.txt", "w") as file:
    file.write("weights")
run.save("model.txt")
print("said")
time.sleep(float(os.environ.get("PAUSE", 0)))
if "EXIT" in os.environ:
    run.finish(exit_code=int(os.environ["EXIT"]))
if "KILL" in os.environ:
    os.kill(os.getpid(), 9)
"""


def test_all_that_was_logged_is_in_the_run(trackers: Trackers, wandb: Path) -> None:
    trackers.write(wandb, WRITE)
    (run,) = trackers.bring(wandb, "wandb-offline", "wandb")
    meta = run.meta
    assert (meta["name"], meta["tags"], meta["notes"], meta["status"]) == ("base", ["a", "b"], "words", "completed")
    assert (meta["wandb"]["project"], meta["wandb"]["run_group"]) == ("thesis", "g")
    assert run.config == {"lr": 0.1, "net": {"depth": 3}, "clip": "Infinity"}
    assert run.curve("loss") == {0: 1, 1: 1 / 2, 2: 1 / 3, 3: 1 / 4}
    odd = run.curve("odd")
    assert math.isnan(odd[0])  # type: ignore[arg-type]
    assert (odd[1], odd[2], odd[3]) == (math.inf, -math.inf, 1)
    assert (run.curve("deep/a"), run.curve("../../up")[3], run.curve("word")[0]) == ({0: 0, 1: 1, 2: 2, 3: 3}, 1, "x")
    assert (meta["summary"]["best"], meta["summary"]["deep/a"]) == (0.25, 3)
    assert not any(key.startswith("_") for key in meta["summary"])
    assert meta["started_at"] <= run.records[0]["_timestamp"] <= meta["finished_at"]
    assert run.notes == ["4 values that no record can hold were left out: 'list' (4)."]


def test_media_log_packages_samples_and_saved_files_come_along(trackers: Trackers, wandb: Path) -> None:
    trackers.write(wandb, WRITE, PAUSE="1")
    (run,) = trackers.bring(wandb, "wandb-offline", "wandb")
    assert run.medium("image").startswith(b"\x89PNG")
    assert (run.media["image"]["caption"], run.media["image"]["step"], run.media["image"]["width"]) == ("black", 10, 6)
    assert run.medium("../evil").startswith(b"\x89PNG")
    assert (run.media["weights"]["counts"][0] > 0, sum(run.media["weights"]["counts"])) == (True, 100)  # type: ignore[index, call-overload]
    assert (run.media["rows"]["names"], run.media["rows"]["head"]) == (["a", "b"], [[1, "x"], [2, "y"]])
    assert b"<b>hi</b>" in run.medium("page")
    assert run.told["media"] == 8 - 1
    assert (run.folder.artifacts / "model.txt").read_text() == "weights"
    assert "said" in run.folder.log.read_text()
    assert "numpy==" in run.folder.requirements.read_text()
    assert run.samples
    assert 0 < run.samples[0]["memory_percent"] < 100  # type: ignore[operator]


def test_how_it_ended_is_kept(trackers: Trackers, wandb: Path) -> None:
    trackers.write(wandb, WRITE, EXIT="3")
    trackers.write(wandb, WRITE, KILL="1", code_of_end=-9)
    failed, killed = trackers.bring(wandb, "wandb-offline", ".")
    assert (failed.meta["status"], failed.meta["reason"]["code"]) == ("failed", "exit_code")
    assert "3" in failed.meta["reason"]["message"]
    assert (killed.meta["status"], killed.meta["reason"]["code"]) == ("failed", "lost")


def test_the_same_run_is_imported_once_by_whatever_path(trackers: Trackers, wandb: Path) -> None:
    trackers.write(wandb, WRITE)
    (file,) = (trackers.work / "wandb").glob("offline-run-*/run-*.wandb")
    words = ["wandb", "wandb/latest-run", file.parent, file]
    brought = [trackers.bring(wandb, "wandb-offline", word) for word in words]
    assert [run.told["existing"] for (run,) in brought] == [False, True, True, True]
    assert {run.told["run_id"] for (run,) in brought} == {brought[0][0].told["run_id"]}
    (again,) = trackers.bring(wandb, "wandb-offline", file, "--again", "--tag", "copy")
    assert again.meta["tags"] == ["a", "b", "copy"]


def test_a_file_that_was_cut_off_is_imported_as_far_as_it_goes(trackers: Trackers, wandb: Path) -> None:
    trackers.write(wandb, WRITE)
    (file,) = (trackers.work / "wandb").glob("offline-run-*/run-*.wandb")
    file.write_bytes(file.read_bytes()[:-3])
    (run,) = trackers.bring(wandb, "wandb-offline", file)
    assert len(run.curve("loss")) == 4
    assert (run.meta["status"], run.meta["reason"]["code"]) == ("failed", "lost")
    assert "ends in the middle of a record: it is still being written" in run.notes[0]


def test_media_that_are_gone_are_named(trackers: Trackers, wandb: Path) -> None:
    trackers.write(wandb, WRITE)
    (files,) = (trackers.work / "wandb").glob("offline-run-*/files")
    shutil.rmtree(files / "media" / "images")
    (run,) = trackers.bring(wandb, "wandb-offline", "wandb")
    assert "image" not in run.media
    assert any("'image': its file 'media/images/image" in note for note in run.notes)
    assert len(run.curve("loss")) == 4


def test_many_records_are_all_there(trackers: Trackers, wandb: Path) -> None:
    code = """
import os
os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_ERROR_REPORTING="false")
import wandb
with wandb.init(settings=wandb.Settings(x_disable_stats=True)) as run:
    for i in range(20_000):
        run.log({"loss": i, "acc": 0.5})
"""
    trackers.write(wandb, code)
    (run,) = trackers.bring(wandb, "wandb-offline", "wandb")
    assert (run.told["records"], run.records[-1]["step"], run.records[-1]["_idx"]) == (20_000, 19_999, 19_999)


def test_files_of_an_older_version_are_read_too(trackers: Trackers, old_wandb: Path) -> None:
    trackers.write(old_wandb, WRITE)
    (run,) = trackers.bring(old_wandb, "wandb-offline", "wandb")
    assert (run.meta["name"], run.meta["status"], run.curve("loss")[3]) == ("base", "completed", 0.25)
    assert (run.config["net"], run.meta["summary"]["best"]) == ({"depth": 3}, 0.25)
    assert run.medium("image").startswith(b"\x89PNG")
