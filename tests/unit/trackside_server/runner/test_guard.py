"""What a guard does when nothing is left to look after but the files."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from trackside_server.domain.attempt import parse_attempt
from trackside_server.runner import guard as guards
from trackside_server.runner import record
from trackside_server.runner.guard import Guard
from trackside_server.runner.processes import identity
from trackside_server.runner.record import Charge


@pytest.fixture
def charge(tmp_path: Path) -> Charge:
    me = identity(os.getpid())
    running = Charge(
        str(tmp_path), 1, [], [], 1.0, None, None, None, me, me, {**me, "pid": 2**22}, 100.0, "2026-11-22T00:00:00Z"
    )
    assert record.claim(running)
    return running


def test_the_end_is_that_of_the_main_process_not_of_what_it_left_behind(charge: Charge) -> None:
    left = [2**22 + 1]  # no such process: it is only said to be there
    guard = Guard(charge, lambda: left, 100.0)
    guard.main_ended(0, 0, 103.5)
    assert guard.step(103.5) is not None
    left.clear()
    assert guard.step(104.2) is None
    how = parse_attempt(charge.folder.attempt(1).read_bytes()).exit
    assert how is not None
    assert how.duration_seconds == 3.5


def test_a_full_disk_delays_the_exit_and_loses_nothing(charge: Charge, monkeypatch: pytest.MonkeyPatch) -> None:
    really = record.write_exit

    def full(*_: object) -> dict[str, object]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(guards.record, "write_exit", full)
    guard = Guard(charge, list, 100.0)
    guard.main_ended(3 << 8, 0, 101.0)
    assert guard.step(101.0) == 102.0
    assert guard.step(101.5) == 102.0
    monkeypatch.setattr(guards.record, "write_exit", really)
    assert guard.step(102.0) is None
    how = parse_attempt(charge.folder.attempt(1).read_bytes()).exit
    assert how is not None
    assert (how.exit_code, how.duration_seconds) == (3, 1.0)


def test_a_deleted_run_folder_is_no_reason_to_stay(charge: Charge) -> None:
    guard = Guard(charge, list, 100.0)
    shutil.rmtree(charge.run_dir)
    guard.main_ended(0, 0, 101.0)
    assert guard.step(101.0) is None
    assert not Path(charge.run_dir).exists()


def test_a_guard_with_nothing_to_do_sleeps_until_it_looks_for_a_stop_request(charge: Charge) -> None:
    guard = Guard(charge, list, 100.0)
    assert guard.step(100.0) == pytest.approx(100.1)
    moments = [guard.step(100.5 + number) for number in range(20)]
    sleeps = [moment - (100.5 + number) for number, moment in enumerate(moments) if moment is not None]
    assert min(sleeps) > 0.05
