"""Media of a job: told live and in exact order, listed, and fetched as what they were."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.serving import LiveServer, until
from tests.window import Window
from trackside.client import Client

_CELL = """
import time, trackside
import numpy as np
run = trackside.init()
for step in trackside.progress(range(4), label="round"):
    run.log_image("val/sample", np.full((4, 6), step * 10, np.uint8), step=step, caption=f"round {step}")
    run.log_histogram("weights", np.arange(100.0), step=step, bins=4)
    while not __import__("pathlib").Path("{gate}").joinpath(str(step)).exists():
        time.sleep(0.02)
run.log_table("errors", [{"word": "a", "count": 1}, {"word": "<b>", "count": 2}])
"""


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path


def _submit(live: LiveServer, gate: Path) -> dict[str, Any]:
    return live.submit(cell=_CELL.replace("{gate}", str(gate)))


def _open(gate: Path, *steps: int) -> None:
    for step in steps:
        (gate / str(step)).touch()


def test_media_are_told_live_and_after_a_break_from_exactly_there(live: LiveServer, gate: Path) -> None:
    job = _submit(live, gate)
    with Window(live) as window:
        window.subscribe("m", "media", run=job["run_id"])
        found: list[dict[str, Any]] = []
        while len(found) < 2:
            found += window.until("media", "m")[-1]["records"]
        assert [(each["key"], each["step"]) for each in found] == [("val/sample", 0), ("weights", 0)]
        _open(gate, 0)
        message = window.until("media", "m")[-1]
        found += message["records"]
    _open(gate, 1, 2, 3)
    live.ended(job["id"])
    with Window(live) as window:
        window.subscribe("again", "media", run=job["run_id"], since=message["next"])
        for each in window.until("done", "again"):
            found += each.get("records", [])
    told = [(each["key"], each["step"]) for each in found if each["key"] != "errors"]
    assert told == [(key, step) for step in range(4) for key in ("val/sample", "weights")]
    assert found[-1]["head"] == [["a", 1], ["<b>", 2]]


def test_media_are_listed_and_their_files_are_what_was_logged(live: LiveServer, gate: Path) -> None:
    _open(gate, 0, 1, 2, 3)
    job = live.ended(_submit(live, gate)["id"])
    assert job["status"] == "completed", live.get(f"jobs/{job['id']}/log").text
    with Client(live.url, live.token) as client:
        page = client.runs.media(job["run_id"], limit=3)
        assert [(each.key, each.step) for each in page.media] == [("errors", None), ("weights", 3), ("val/sample", 3)]
        assert {(each.key, each.kind, each.count) for each in page.keys} == {
            ("val/sample", "image", 4), ("weights", "histogram", 4), ("errors", "table", 1),
        }  # fmt: skip
        rest = client.runs.media(job["run_id"], "val/sample", cursor=page.next).media
        assert [each.caption for each in rest] == ["round 2", "round 1", "round 0"]
        picture = Image.open(io.BytesIO(client.runs.artifact(job["run_id"], rest[0].path)))
        assert (picture.size, picture.getpixel((0, 0))) == ((6, 4), 20)
        messages = list(client.runs.stream(job["run_id"]))
    told = [record.key for each in messages if each.__struct_config__.tag == "media" for record in each.records]  # type: ignore[union-attr]  # media
    assert len(told) == 9


@pytest.mark.parametrize("params", [{"kind": "hologram"}, {"limit": 0}, {"cursor": "x"}, {"cursor": "9" * 30}])
def test_a_list_of_media_refuses_what_it_does_not_know(live: LiveServer, gate: Path, params: dict[str, Any]) -> None:
    _open(gate, 0, 1, 2, 3)
    job = live.ended(_submit(live, gate)["id"])
    answer = live.get(f"runs/{job['run_id']}/media", params=params)
    assert answer.status_code == 400, answer.text
    assert next(iter(params)) in answer.json()["error"]["message"]


def test_a_running_job_says_how_far_it_is_and_a_finished_one_does_not(live: LiveServer, gate: Path) -> None:
    job = _submit(live, gate)
    _open(gate, 0, 1)
    found = until(
        lambda: (live.get(f"jobs/{job['id']}").json()["progress"] or {}).get("i") == 2 and live.get("jobs").json(),
        "the second round",
    )
    (told,) = [each["progress"] for each in found["jobs"] if each["id"] == job["id"]]
    assert (told["i"], told["total"], told["label"]) == (2, 4, "round")
    _open(gate, 2, 3)
    live.ended(job["id"])
    assert live.get(f"jobs/{job['id']}").json()["progress"] is None
