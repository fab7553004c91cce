import io
import json
import sys
from pathlib import Path

import pytest

from trackside.tracking.folder import RunFolder
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
    ("arguments", "line"),
    [
        ((12, 24, 6.0, "train"), "train 12/24 [############············] 2.0/s 0:06"),
        ((0, 10, 0.0), "0/10 [························] 0:00"),
        ((30, 10, 60.0), "30/10 [########################] 0.5/s 1:00"),
        ((7, None, 3.5), "7 2.0/s 0:03"),
    ],
)
def test_a_bar_is_one_line(arguments: tuple[int, int | None, float], line: str) -> None:
    assert bar(*arguments) == line
