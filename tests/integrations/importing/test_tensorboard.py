"""Event files that tensorboardX and TensorBoard's own writer wrote become runs."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from tests.integrations.importing.conftest import Trackers

pytestmark = pytest.mark.timeout(900)  # the first test installs the packages

WRITE = """
import logging, math, sys
logging.disable()
import numpy as np
from tensorboardX import SummaryWriter
with SummaryWriter("logs/exp") as writer:
    for step in range(4):
        writer.add_scalar("loss", 1 / (step + 1), step * 10, walltime=1767323045.25 + step)
        writer.add_scalar("odd", [math.nan, math.inf, -math.inf, 1][step], step * 10, walltime=1767323045.25 + step)
    writer.add_scalar("../../up", 1, 2**40, walltime=1767323050)
    writer.add_image("../../evil", np.zeros((3, 4, 6), dtype=np.uint8), 3)
    writer.add_text("words", "hello **world**", 1)
    writer.add_histogram("weights", np.arange(100.0), 2)
    writer.add_pr_curve("pr", np.array([0, 1]), np.array([0.1, 0.9]), 1)
    writer.add_hparams({"lr": 0.1, "opt": "adam", "big": True}, {"best": 0.5})
with SummaryWriter("logs/exp/val") as writer:
    writer.add_scalar("loss", 7, 0)
"""


def test_all_that_was_written_is_in_the_run(trackers: Trackers, tensorboard: Path) -> None:
    trackers.write(tensorboard, WRITE)
    run, val = trackers.bring(tensorboard, "tensorboard", "logs")
    assert (run.meta["name"], val.meta["name"], val.curve("loss")) == ("exp", "exp/val", {0: 7.0})
    assert run.curve("loss") == pytest.approx({0: 1, 10: 1 / 2, 20: 1 / 3, 30: 1 / 4})
    odd = run.curve("odd")
    assert math.isnan(odd[0])  # type: ignore[arg-type]
    assert (odd[10], odd[20], odd[30]) == (math.inf, -math.inf, 1)
    assert run.curve("../../up") == {2**40: 1.0}
    assert run.records[0]["_timestamp"] == "2026-01-02T03:04:05.250000Z"
    assert {"loss", "odd"} <= run.records[0].keys()  # logged together, so one record
    assert run.config == {"lr": 0.1, "opt": "adam", "big": True}
    assert run.curve("best") == {0: 0.5}
    assert (run.meta["status"], run.meta["reason"]) == ("completed", None)


def test_media_lie_below_artifacts_whatever_their_tags(trackers: Trackers, tensorboard: Path) -> None:
    trackers.write(tensorboard, WRITE)
    run, _ = trackers.bring(tensorboard, "tensorboard", "logs")
    assert run.medium("../../evil").startswith(b"\x89PNG")
    assert (run.media["../../evil"]["width"], run.media["../../evil"]["height"]) == (6, 4)
    assert (run.medium("words"), run.media["words"]["step"]) == (b"hello **world**", 1)
    weights = run.media["weights"]
    assert (sum(weights["counts"]), weights["low"] <= 0, weights["high"] >= 98) == (100, True, True)  # type: ignore[call-overload, operator]
    assert run.notes == ["1 values of the plugin 'pr_curves' were left out."]
    assert all(path.is_relative_to(run.folder.artifacts / "media") for path in trackers.place.rglob("*.png"))


def test_the_same_files_are_imported_once_also_when_they_moved(trackers: Trackers, tensorboard: Path) -> None:
    trackers.write(tensorboard, WRITE)
    first = trackers.bring(tensorboard, "tensorboard", "logs")
    (trackers.work / "logs").rename(trackers.work / "moved")
    second = trackers.bring(tensorboard, "tensorboard", "moved")
    assert [run.told["existing"] for run in (*first, *second)] == [False, False, True, True]
    assert len(list((trackers.home / "runs").iterdir())) == 2


def test_a_file_that_was_cut_off_is_imported_as_far_as_it_goes(trackers: Trackers, tensorboard: Path) -> None:
    code = """
from tensorboardX import SummaryWriter
with SummaryWriter("logs") as writer:
    for step in range(100):
        writer.add_scalar("loss", step, step)
"""
    trackers.write(tensorboard, code)
    (file,) = (trackers.work / "logs").iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    (run,) = trackers.bring(tensorboard, "tensorboard", file)
    assert list(run.curve("loss")) == list(range(99))
    assert (run.meta["status"], run.meta["reason"]["code"]) == ("failed", "lost")
    assert f"{file.name} ends in the middle of an event: it is still being written" in run.notes[0]


def test_events_as_tensorflow_writes_them_are_read_too(trackers: Trackers, tensorboard: Path) -> None:
    """Its second version keeps everything as tensors, and names their plugin with the first value only."""
    code = """
import numpy as np
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import tensor_util

writer = EventFileWriter("logs")
def put(tag, plugin, value, step, named=True):
    metadata = summary_pb2.SummaryMetadata(plugin_data={"plugin_name": plugin}) if named else None
    value = summary_pb2.Summary.Value(tag=tag, tensor=tensor_util.make_tensor_proto(value), metadata=metadata)
    writer.add_event(event_pb2.Event(wall_time=1767323045 + step, step=step, summary=summary_pb2.Summary(value=[value])))
put("loss", "scalars", np.float32(0.5), 0)
put("loss", "scalars", np.float32(0.25), 1, named=False)
put("words", "text", "hello", 0)
put("weights", "histograms", np.array([[0, 1, 3], [1, 2, 4]], dtype=np.float64), 0)
put("picture", "images", [b"2", b"1", bytes.fromhex("89504e470d0a1a0a0000000d494844520000000200000001")], 0)
sound = summary_pb2.Summary.Audio(encoded_audio_string=b"RIFF...", content_type="audio/wav")
value = summary_pb2.Summary.Value(tag="beep", audio=sound)
writer.add_event(event_pb2.Event(wall_time=1767323045, step=5, summary=summary_pb2.Summary(value=[value])))
writer.close()
"""
    trackers.write(tensorboard, code)
    (run,) = trackers.bring(tensorboard, "tensorboard", "logs")
    assert (run.curve("loss"), run.medium("beep")) == ({0: 0.5, 1: 0.25}, b"RIFF...")
    assert run.medium("words") == b"hello"
    assert (run.media["weights"]["counts"], run.media["weights"]["low"], run.media["weights"]["high"]) == ([3, 4], 0, 2)
    assert run.media["picture"]["width"] == 2


def test_a_hundred_thousand_events_are_all_there(trackers: Trackers, tensorboard: Path) -> None:
    code = """
from tensorboardX import SummaryWriter
with SummaryWriter("logs") as writer:
    for step in range(100_000):
        writer.add_scalar("loss", step, step, walltime=1767323045 + step)
"""
    trackers.write(tensorboard, code)
    (run,) = trackers.bring(tensorboard, "tensorboard", "logs")
    assert (len(run.records), run.records[-1]["step"]) == (100_000, 99_999)
