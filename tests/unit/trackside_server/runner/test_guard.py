"""What a guard does when nothing is left to look after but the files."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from pathlib import Path

import pytest

from trackside.tracking.masking import Mask
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


def test_an_attempt_that_ends_in_its_first_moments_is_written_down_once_and_one_that_does_not_while_it_runs(
    charge: Charge, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    monkeypatch.setattr(guards.record, "write_running", lambda charge: written.append(charge.attempt))
    short = Guard(charge, list, 100.0)
    short.step(100.0)
    short.main_ended(0, 0, 100.01)
    assert short.step(100.01) is None
    assert written == []
    longer = Guard(charge, list, 100.0)
    longer.step(100.0)
    longer.step(100.03)
    longer.step(100.5)
    assert written == [1]


def test_that_an_attempt_runs_is_written_down_as_soon_as_the_disk_has_room(
    charge: Charge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    really = guards.record.write_running
    guard = Guard(charge, lambda: [1], 100.0)
    monkeypatch.setattr(guards.record, "write_running", full)
    guard.step(100.03)
    guard.step(101.03)
    monkeypatch.setattr(guards.record, "write_running", really)
    guard.step(102.03)
    assert charge.folder.read_meta()["status"] == "running"


def test_a_job_that_holds_its_own_facts_does_not_hold_its_guard(charge: Charge) -> None:
    guard = Guard(charge, lambda: [1], 100.0)
    with charge.folder.locked("meta"):
        began = time.monotonic()
        guard.step(100.03)
        assert time.monotonic() - began < 2
        assert "status" not in charge.folder.read_meta()
    guard.step(102.0)
    assert charge.folder.read_meta()["status"] == "running"


def test_a_guard_with_nothing_to_do_sleeps_until_it_looks_for_a_stop_request(charge: Charge) -> None:
    guard = Guard(charge, list, 100.0)
    assert guard.step(100.0) == pytest.approx(100.02)
    assert guard.step(100.02) == pytest.approx(100.1)
    moments = [guard.step(100.5 + number) for number in range(20)]
    sleeps = [moment - (100.5 + number) for number, moment in enumerate(moments) if moment is not None]
    assert min(sleeps) > 0.05


def test_wall_time_is_not_that_of_the_clock_on_the_wall(charge: Charge, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard(charge._replace(time=60.0), list, 100.0)
    monkeypatch.setattr(time, "time_ns", lambda: 10**18 * 3)
    monkeypatch.setattr(time, "time", lambda: 3e9)
    guard.step(159.0)
    guard.main_ended(0, 0, 159.5)
    guard.step(159.5)
    how = parse_attempt(charge.folder.attempt(1).read_bytes()).exit
    assert how is not None
    assert (how.status, how.duration_seconds) == ("completed", 59.5)


def test_at_its_wall_time_an_attempt_is_stopped(charge: Charge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    guard = Guard(charge._replace(time=60.0), list, 100.0)
    guard.step(160.0)
    guard.main_ended(-15 & 0x7F, 0, 160.1)
    guard.step(160.1)
    how = parse_attempt(charge.folder.attempt(1).read_bytes()).exit
    assert how is not None
    assert how.reason is not None
    assert how.reason.code == "time_limit"


def test_an_attempt_is_not_over_while_its_group_holds_a_process(charge: Charge, tmp_path: Path) -> None:
    (tmp_path / "group").mkdir()
    procs = tmp_path / "group/cgroup.procs"
    procs.write_text(f"{2**22 + 7}\n")  # no such process: it is only said to be there
    guard = Guard(charge._replace(engine="cgroup2", folders=[str(tmp_path / "group")]), list, 100.0)
    guard.main_ended(0, 0, 101.0)
    assert guard.step(101.0) is not None
    assert guard.record is None
    procs.unlink()
    assert guard.step(101.5) is None
    assert not (tmp_path / "group").exists()


def test_a_group_that_cannot_be_removed_delays_the_end_and_not_the_record(charge: Charge, tmp_path: Path) -> None:
    (tmp_path / "group/inner").mkdir(parents=True)
    (tmp_path / "group/inner/busy").touch()
    guard = Guard(charge._replace(engine="cgroup2", folders=[str(tmp_path / "group")]), list, 100.0)
    guard.main_ended(0, 0, 101.0)
    assert guard.step(101.0) == pytest.approx(101.01)
    assert parse_attempt(charge.folder.attempt(1).read_bytes()).exit is not None
    assert guard.step(102.0) == pytest.approx(102.01)
    assert guard.step(103.1) is None


def test_an_attempt_whose_group_lost_a_process_to_its_memory_says_so(charge: Charge, tmp_path: Path) -> None:
    (tmp_path / "group").mkdir()
    (tmp_path / "group/memory.events").write_text("oom_kill 1\n")
    limited = charge._replace(memory=2**20, engine="cgroup2", folders=[str(tmp_path / "group")], held=["memory"])
    guard = Guard(limited, list, 100.0)
    guard.main_ended(3 << 8, 0, 101.0)
    guard.step(101.0)
    how = parse_attempt(charge.folder.attempt(1).read_bytes()).exit
    assert how is not None
    assert how.reason is not None
    assert (how.reason.code, how.exit_code) == ("out_of_memory", 3)


def test_the_places_of_secrets_are_written_before_the_end_and_searched_for_once(
    charge: Charge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sees the end sees what to hide; a full disk does not make a long log be read again and again."""
    charge.folder.log.write_bytes(b"a opensesame")
    (charge.folder.path / "results").mkdir()
    (charge.folder.path / "results/exception.json").write_text('{"type": "ValueError", "message": "opensesame!"}')
    searched = []
    really = Mask.places_in_file
    monkeypatch.setattr(Mask, "places_in_file", lambda *given: searched.append(1) or really(*given))
    written = record.write_exit
    monkeypatch.setattr(guards.record, "write_exit", _full)
    guard = Guard(charge, list, 100.0, Mask(["opensesame"]))
    guard.main_ended(1 << 8, 0, 101.0)
    assert guard.step(101.0) == 102.0
    assert json.loads(charge.folder.masked(1).read_bytes()) == [[2, 12]]
    monkeypatch.setattr(guards.record, "write_exit", written)
    assert guard.step(102.0) is None
    assert searched == [1]
    how = parse_attempt(charge.folder.attempt(1).read_bytes()).exit
    assert how is not None
    assert how.reason is not None
    assert "**********!" in how.reason.message
    assert "opensesame" not in how.reason.message


def test_without_secrets_nothing_is_written_beside_the_record(charge: Charge) -> None:
    guard = Guard(charge, list, 100.0)
    guard.main_ended(0, 0, 101.0)
    assert guard.step(101.0) is None
    assert not charge.folder.masked(1).exists()


def _full(*_: object) -> dict[str, object]:
    raise OSError(errno.ENOSPC, "No space left on device")
