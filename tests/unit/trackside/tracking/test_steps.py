import io
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from trackside.tracking.folder import RunFolder
from trackside.tracking.loops import Loop
from trackside.tracking.losses import Losses
from trackside.tracking.steps import Progress, bar, steps


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which the test moves."""
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr(Progress, "will_tell", False)  # its timer goes by the real time
    return now


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(RunFolder(tmp_path), Losses("job-1"))


def _written(tmp_path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (tmp_path / "progress.jsonl").read_text().splitlines()]


def test_it_is_written_five_times_a_second_and_at_the_end(
    progress: Progress, tmp_path: Path, clock: list[float]
) -> None:
    for i in range(1, 101):
        progress.show(i, 100)
        clock[0] += 0.125
    written = [record["i"] for record in _written(tmp_path)]
    assert written == [*range(1, 100, 2), 100]


def test_a_long_run_writes_ever_more_rarely(progress: Progress, tmp_path: Path, clock: list[float]) -> None:
    for i in range(20_000):
        progress.show(i, None)
        clock[0] += 1.0
    assert len(_written(tmp_path)) < 5000


def test_the_rate_is_that_since_the_beginning_of_the_loop(
    progress: Progress, tmp_path: Path, clock: list[float]
) -> None:
    for epoch in range(2):
        for i in range(1, 5):
            clock[0] += 1.0 + epoch
            progress.show(i, 4)
    rates = [record.get("rate") for record in _written(tmp_path)]
    assert rates == [None, 1.0, 1.0, 1.0, None, 0.5, 0.5, 0.5]


def test_nothing_is_written_twice(progress: Progress, tmp_path: Path, clock: list[float]) -> None:
    progress.show(1, 2)
    progress.write()
    progress.write()
    assert len(_written(tmp_path)) == 1


def test_a_loop_is_told_of_when_it_begins(progress: Progress, tmp_path: Path) -> None:
    next(steps(range(9), None, "slow", progress))
    assert [(record["i"], record["total"], record["label"]) for record in _written(tmp_path)] == [(0, 9, "slow")]


def test_what_is_done_is_written_also_when_the_next_step_takes_long(progress: Progress, tmp_path: Path) -> None:
    loop = steps(range(9), None, "", progress)
    for _ in range(4):
        next(loop)
    deadline = time.monotonic() + 10
    while _written(tmp_path)[-1]["i"] != 3:
        assert time.monotonic() < deadline, _written(tmp_path)
        time.sleep(0.01)


def test_a_full_disk_is_a_loss(tmp_path: Path) -> None:
    losses = Losses("job-1")
    Progress(RunFolder(tmp_path / "nowhere"), losses).show(1, 2)
    assert losses.count == 1


def test_items_that_are_left_early_leave_the_right_state(progress: Progress, tmp_path: Path) -> None:
    for item in steps(range(10), None, "", progress):
        if item == 4:
            break
    assert _written(tmp_path)[-1]["i"] == 4
    assert _written(tmp_path)[-1]["total"] == 10


def test_a_terminal_sees_a_bar_and_a_pipe_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, pipe = Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(steps(range(3), None, "train", None)) == [0, 1, 2]
    assert terminal.getvalue().startswith("\rtrain ")
    assert "3/3" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[K\n")
    monkeypatch.setattr(sys, "stderr", pipe)
    list(steps(range(3), None, "train", None))
    assert pipe.getvalue() == ""
    monkeypatch.setattr(sys, "stderr", None)
    assert list(steps(iter(range(3)), None, "", None)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("loop", "seconds", "line"),
    [
        (Loop("train", 24, done=12), 6, "train 12/24 [############············] 2.0/s 0:06 · 0:06 left"),
        (Loop("", 10), 0, "0/10 [························] 0:00"),
        (Loop("", 10, done=30), 60, "30/10 [########################] 2.0 s each 1:00"),
        (Loop("", None, done=7), 3.5, "7 2.0/s 0:03"),
        (Loop("", 10, done=5), 18000, "5/10 [############············] 3600.0 s each 5:00:00 · 5:00:00 left"),
        (
            Loop("epoch", 4, done=1, inner=Loop("batch", 8, done=4)),
            3,
            "epoch 1/4 [#########···············] 2.0 s each 0:03 · 0:05 left · batch 4/8",
        ),
    ],
)
def test_a_bar_is_one_line(loop: Loop, seconds: float, line: str) -> None:
    loop.began = 1000.0
    assert bar(loop, 1000.0 + seconds) == line


def test_a_loop_within_a_loop_is_a_part_of_its_step(progress: Progress, tmp_path: Path, clock: list[float]) -> None:
    for _ in steps(range(2), None, "epoch", progress):
        for _ in steps(range(4), None, "batch", progress):
            clock[0] += 1.0
    written = _written(tmp_path)
    assert {(record["total"], record["label"]) for record in written} == {(2, "epoch")}
    told = [(record["i"], record.get("part", 0)) for record in written]
    assert told == [(0, 0), (0, 0.25), (0, 0.5), (0, 0.75), (0, 1.0), (1, 0.25), (1, 0.5), (1, 0.75), (1, 1.0), (2, 0)]
    assert [record.get("rate") for record in written] == [None, *[0.25] * 9]


def test_what_a_callback_shows_within_a_loop_is_a_part_of_it_too(
    progress: Progress, tmp_path: Path, clock: list[float]
) -> None:
    for _ in steps(range(2), None, "epoch", progress):
        clock[0] += 1.0
        progress.show(1, 2)
        clock[0] += 1.0
    progress.show(1, 8)
    clock[0] += 1.0
    progress.show(2, 8)
    assert [(record["i"], record["total"], record.get("part")) for record in _written(tmp_path)] == [
        (0, 2, None), (0, 2, 0.5), (1, 2, None), (1, 2, 0.5), (2, 2, None), (2, 8, None),
    ]  # fmt: skip


def test_of_several_threads_the_first_loop_is_told_then_the_next(progress: Progress, tmp_path: Path) -> None:
    outer = steps(range(3), None, "first", progress)
    assert [next(outer), next(outer)] == [0, 1]
    thread = threading.Thread(target=lambda: list(steps(range(5), None, "second", progress)))
    thread.start()
    thread.join(30)
    list(outer)
    list(steps(range(7), None, "third", progress))
    assert {record["label"] for record in _written(tmp_path)} == {"first", "third"}


def test_of_several_processes_one_tells_until_its_loop_is_over(progress: Progress, tmp_path: Path) -> None:
    loop = steps(range(2), None, "parent", progress)
    next(loop)
    next(loop)

    def child() -> int:
        pid = os.fork()
        if pid == 0:
            other = Progress(RunFolder(tmp_path), Losses("job-1"))
            try:
                list(steps(range(3), None, "sibling", other))
                list(steps(range(3), None, "child", progress))
            finally:
                os._exit(0)
        return os.waitpid(pid, 0)[1]

    assert child() == 0
    assert {record["label"] for record in _written(tmp_path)} == {"parent"}
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        list(loop)
        assert child() == 0
    finally:
        sleeper.kill()
        sleeper.wait()
    assert [record["label"] for record in _written(tmp_path)][-1] == "child"


def test_a_child_that_was_forked_meanwhile_does_not_keep_the_floor(progress: Progress, tmp_path: Path) -> None:
    loop = steps(range(1), None, "first", progress)
    next(loop)
    assert progress.has_floor()
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    list(loop)
    try:
        assert Progress(RunFolder(tmp_path), Losses("job-1")).has_floor()
    finally:
        os.close(write)
        os.waitpid(pid, 0)


def test_loops_within_loops_share_one_line_of_the_terminal(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "200")
    for _ in steps(range(2), None, "epoch", None):
        for _ in steps(range(3), None, "batch", None):
            clock[0] += 1.0
    lines = terminal.getvalue().split("\r")[1:]
    assert all(line.startswith("epoch ") for line in lines)
    assert lines[1].endswith("left · batch 2/3\x1b[K")
    assert terminal.getvalue().count("\n") == 1, "only the outermost ends its line"
