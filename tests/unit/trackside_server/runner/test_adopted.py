"""An attempt whose runner was killed before it could tell which process it had started."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from trackside_server.domain.attempt import Exit, parse_attempt
from trackside_server.runner import record
from trackside_server.runner.adopted import Adopted
from trackside_server.runner.processes import identity
from trackside_server.runner.reaping import reap_one
from trackside_server.runner.record import Charge


@pytest.fixture
def charge(tmp_path: Path) -> Charge:
    me = identity(os.getpid())
    claimed = Charge(str(tmp_path), 1, [], [], 1.0, None, None, None, me, me)
    assert record.claim(claimed)
    return claimed


def finish(adopted: Adopted, charge: Charge) -> Exit:
    """Step until the attempt is over; return how it ended."""
    deadline = time.monotonic() + 10
    while not adopted.step():
        for pid in list(adopted.pids):
            ended = reap_one(pid)
            if ended is not None:
                adopted.child_ended(ended)
        assert time.monotonic() < deadline, f"still there: {adopted.pids}"
    how = parse_attempt(charge.folder.attempt(1).read_bytes()).exit
    assert how is not None
    return how


def test_its_only_child_is_the_process_and_the_true_exit_is_written(charge: Charge) -> None:
    child = subprocess.Popen(["sh", "-c", "exit 5"])
    adopted = Adopted(charge, [], lambda: None, None, 0)
    adopted.take([child.pid])
    assert finish(adopted, charge).exit_code == 5
    child.returncode = 5


def test_without_a_child_the_process_never_ran(charge: Charge) -> None:
    adopted = Adopted(charge, [], lambda: None, None, 0)
    adopted.take([])
    how = finish(adopted, charge)
    assert how.reason is not None
    assert (how.reason.code, how.exit_code) == ("start_failed", None)


def test_an_exit_that_the_runner_told_is_written_as_told(charge: Charge) -> None:
    running = charge._replace(
        process={**charge.runner, "pid": 2**22}, started=time.monotonic(), started_at="2026-11-22T00:00:00Z"
    )
    adopted = Adopted(running, [], lambda: None, 7 << 8, 0)
    adopted.take([])
    assert finish(adopted, running).exit_code == 7


def test_an_exit_that_nobody_saw_is_not_guessed(charge: Charge) -> None:
    running = charge._replace(
        process={**charge.runner, "pid": 2**22}, started=time.monotonic(), started_at="2026-11-22T00:00:00Z"
    )
    adopted = Adopted(running, [], lambda: None, None, 0)
    adopted.take([])
    how = finish(adopted, running)
    assert how.reason is not None
    assert (how.status, how.reason.code, how.exit_code) == ("failed", "lost", None)
