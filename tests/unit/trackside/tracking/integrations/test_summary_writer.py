"""Code written for TensorBoard's writer leaves a Trackside run."""

import gc
import json
import math
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.figure
import matplotlib.pyplot as plt
import numpy as np
import pytest

from trackside.tracking import Run, RunFolder, current, init, read_meta, read_metrics
from trackside.tracking.integrations import SummaryWriter
from trackside.tracking.media import reading


@pytest.fixture(autouse=True)
def no_last_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(current, "_last", None)
    return None


def _quick() -> Run:
    return init(system_metrics=False, capture_git=False, capture_pip=False)


def _metrics(run: Run) -> list[dict[str, object]]:
    return [
        {key: value for key, value in record.items() if not key.startswith("_")}
        for record in read_metrics(run.run_dir / "metrics.jsonl")
    ]


def _media(run: Run) -> list[dict[str, Any]]:
    return reading.read_media(run.run_dir)


def test_scalars_are_records_with_their_step() -> None:
    with SummaryWriter("runs/first", comment="-lr0.1") as writer:
        writer.add_scalar("loss", 0.5, 1)
        writer.add_scalar("loss", np.float32(0.25), global_step=np.int64(2), walltime=5.0, new_style=True)
        writer.add_scalar("plain", 1)
        writer.add_scalars("both", {"train": 1, "val": math.nan}, 3)
        writer.flush()
    assert _metrics(writer.run)[:3] == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}, {"plain": 1}]
    assert str(_metrics(writer.run)[3]) == "{'step': 3, 'both/train': 1, 'both/val': nan}"
    assert (writer.run.name, writer.run.status) == ("first-lr0.1", "completed")


def test_hyperparameters_are_config_and_their_metrics_the_summary() -> None:
    with SummaryWriter() as writer:
        writer.add_hparams({"lr": 0.1, "layers": 3}, {"hparam/accuracy": 0.9})
    assert json.loads((writer.run.run_dir / "config.json").read_text()) == {"lr": 0.1, "layers": 3}
    assert read_meta(writer.run.run_dir)["summary"] == {"hparam/accuracy": 0.9}


def test_an_open_run_is_written_to_and_left_open() -> None:
    run = _quick()
    with SummaryWriter("runs/x") as writer:
        writer.add_scalar("loss", 1, 0)
    assert (writer.run, run.status) == (run, "running")
    assert Path(writer.log_dir) == Path(writer.get_logdir()) == run.run_dir / "artifacts"


def test_writers_without_a_run_have_one_each() -> None:
    with SummaryWriter("runs/train") as one, SummaryWriter("runs/val") as two:
        one.add_scalar("loss", 1, 0)
        two.add_scalar("loss", 2, 0)
    assert [_metrics(writer.run) for writer in (one, two)] == [[{"step": 0, "loss": 1}], [{"step": 0, "loss": 2}]]


def test_in_a_shared_run_the_keys_of_a_second_folder_are_told_apart() -> None:
    run = _quick()
    SummaryWriter("runs/train").add_scalar("loss", 1, 0)
    SummaryWriter("runs/val").add_scalar("loss", 2, 0)
    SummaryWriter("runs/train").add_scalar("loss", 3, 1)
    assert _metrics(run) == [{"step": 0, "loss": 1}, {"step": 0, "val/loss": 2}, {"step": 1, "loss": 3}]


def test_in_a_job_the_run_is_the_jobs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder(home / "runs" / "job-1")
    folder.create()
    folder.meta.write_text(json.dumps({"run_id": "job-1", "status": "running"}))
    monkeypatch.setenv("TRACKSIDE_RUN_DIR", str(folder.path))
    with SummaryWriter("runs/train") as writer:
        writer.add_scalar("loss", 1, 0)
    assert writer.run.run_dir == folder.path
    assert writer.run.status == "running"
    assert [record["loss"] for record in read_metrics(folder.metrics)] == [1]
    assert sorted(path.name for path in (home / "runs").iterdir()) == ["job-1"]


def test_an_exception_in_its_block_fails_an_own_run() -> None:
    with pytest.raises(ZeroDivisionError), SummaryWriter() as writer:
        _ = 1 / 0
    assert read_meta(writer.run.run_dir)["reason"] == {
        "code": "exception", "message": "ZeroDivisionError: division by zero",
    }  # fmt: skip


def test_the_run_of_a_writer_that_was_never_closed_ends_with_it() -> None:
    writer = SummaryWriter()
    run = writer.run
    del writer
    gc.collect()
    assert read_meta(run.run_dir)["status"] == "completed"


def test_what_a_run_cannot_hold_is_dropped_counted_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with SummaryWriter() as writer:
        writer.add_scalar("good", 1, 0)
        writer.add_scalars("more", {"good": 2, "odd": [1, 2]}, 1)
        writer.add_scalar("odd", object(), 2)
        writer.add_scalar("good", 3, "no step")
        writer.add_graph("model", verbose=True)
        writer.add_graph("model")
    writer.add_scalar("late", 1, 3)
    assert _metrics(writer.run) == [{"step": 0, "good": 1}, {"step": 1, "more/good": 2}]
    assert writer.dropped == 6
    said = [record.getMessage() for record in caplog.records if record.name == "trackside"]
    assert [sentence.split(" ")[1] for sentence in said] == ["'more/odd':", "step:", "add_graph()", "The"]
    with pytest.raises(AttributeError, match="loss"):
        _ = writer.loss


def test_media_are_kept_as_the_run_keeps_them() -> None:
    picture = np.zeros((3, 4, 6), np.uint8)
    batch = np.ones((3, 1, 4, 6), np.float32)
    figure, other = plt.figure(), plt.figure()
    with SummaryWriter() as writer:
        writer.add_image("image", picture, 1)
        writer.add_image("flat", picture[0], 1, dataformats="HW")
        writer.add_images("batch", batch, 2)
        writer.add_histogram("weights", np.arange(100.0), 3)
        writer.add_figure("figure", figure, 4)
        writer.add_figure("kept open", [other], 4, close=False)
        writer.add_text("text", "some *words*", 5)
        writer.add_image("wrong axes", picture, dataformats="NCHW")
    found = {record["key"]: record for record in _media(writer.run)}
    assert {key: (record["kind"], record["step"]) for key, record in found.items()} == {
        "image": ("image", 1), "flat": ("image", 1), "batch": ("image", 2), "weights": ("histogram", 3),
        "figure": ("figure", 4), "kept open": ("figure", 4), "text": ("text", 5),
    }  # fmt: skip
    sizes = {key: (found[key]["width"], found[key]["height"]) for key in ("image", "flat", "batch")}
    assert sizes == {"image": (6, 4), "flat": (6, 4), "batch": (12, 8)}
    assert [plt.fignum_exists(each.number) for each in (figure, other)] == [False, True]
    assert writer.dropped == 1
    plt.close(other)
    assert isinstance(other, matplotlib.figure.Figure)


def test_a_batch_is_laid_out_row_by_row() -> None:
    batch = np.stack([np.full((1, 1, 1), value, np.uint8) for value in (10, 20, 30)])
    with SummaryWriter() as writer:
        writer.add_images("batch", batch)
    path = writer.run.run_dir / "artifacts" / str(_media(writer.run)[0]["path"])
    assert (plt.imread(path) * 255).round().astype(int).tolist() == [[10, 20], [30, 0]]


def test_a_writer_travels_without_its_run() -> None:
    from trackside.tracking.integrations.attachment import Attachment

    attachment = Attachment("x")
    attachment.begin()
    copy = pickle.loads(pickle.dumps(attachment))
    assert (copy.run, copy.own, attachment.own) == (None, False, True)
