"""Where an attempt stands, judged from its record and the processes in it: unknown is not dead."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from trackside.errors import InternalError
from trackside.models import Reason
from trackside.probes.process import ProcessId
from trackside_server.domain.attempt import AttemptRecord, Exit
from trackside_server.executors.base import Absent, AttemptRef, Ended, Lost, Observation, Running, Starting
from trackside_server.executors.look import look

ME = ProcessId.of()
EXIT = Exit(status="completed", exit_code=0, finished_at=datetime(2026, 11, 22, tzinfo=UTC))


@pytest.fixture
def dead() -> ProcessId:
    """A process that has ended."""
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as process:
        return ProcessId.of(process.pid)


@pytest.fixture
def ref(tmp_path: Path) -> AttemptRef:
    (tmp_path / "attempts").mkdir()
    return AttemptRef("job-1", tmp_path, 1)


def seen(ref: AttemptRef, *, silent_for: float = 0.0, **fields: object) -> Observation:
    """Write such a record and look."""
    record = AttemptRecord(attempt=1, **fields)  # type: ignore[arg-type]
    for path, data in ((ref.folder.attempt(1), msgspec.json.encode(record)), (ref.folder.alive(1), b"")):
        path.write_bytes(data)
        os.utime(path, (time.time() - silent_for,) * 2)
    return look(ref)


def test_without_a_record_it_is_absent(ref: AttemptRef) -> None:
    assert look(ref) == Absent()
    assert look(AttemptRef("job-2", ref.run_dir / "gone", 1)) == Absent()


def test_with_an_exit_it_has_ended_whoever_lives(ref: AttemptRef, dead: ProcessId) -> None:
    assert isinstance(seen(ref, runner=ME, exit=EXIT), Ended)
    assert isinstance(seen(ref, runner=dead, exit=EXIT), Ended)


def test_with_a_living_runner_it_starts_or_runs(ref: AttemptRef, dead: ProcessId) -> None:
    assert isinstance(seen(ref, runner=ME), Starting)
    assert isinstance(seen(ref, runner=ME, process=dead), Running)
    assert isinstance(seen(ref, runner=ME, process=dead, silent_for=1e6), Running)


def test_with_a_living_process_it_runs_though_everybody_else_is_dead(ref: AttemptRef, dead: ProcessId) -> None:
    assert isinstance(seen(ref, runner=dead, template=dead, process=ME, silent_for=1e6), Running)


def test_a_living_template_may_still_write_the_exit_while_it_gives_signs_of_life(
    ref: AttemptRef, dead: ProcessId
) -> None:
    assert isinstance(seen(ref, runner=dead, template=ME, process=dead), Running)
    assert isinstance(seen(ref, runner=dead, template=ME, process=dead, silent_for=119), Running)
    lost = seen(ref, runner=dead, template=ME, process=dead, silent_for=121)
    assert isinstance(lost, Lost)
    assert lost.reason.code == "lost"


def test_before_the_first_heartbeat_the_record_itself_is_the_sign_of_life(ref: AttemptRef, dead: ProcessId) -> None:
    seen(ref, runner=dead, template=ME, process=dead)
    ref.folder.alive(1).unlink()
    assert isinstance(look(ref), Running)


def test_with_everybody_dead_it_is_lost(ref: AttemptRef, dead: ProcessId) -> None:
    lost = seen(ref, runner=dead, template=dead, process=dead)
    assert isinstance(lost, Lost)
    assert lost.reason == Reason("lost", "its runner was killed, and nobody saw how it ended")


def test_a_pid_that_was_given_to_another_process_is_dead(ref: AttemptRef) -> None:
    other = replace(ME, start_time=ME.start_time - 1)
    assert isinstance(seen(ref, runner=other, template=other, process=other), Lost)


def test_after_a_restart_of_the_machine_it_is_lost_for_that_reason(ref: AttemptRef) -> None:
    before = replace(ME, boot_id="another start")
    lost = seen(ref, runner=before, template=before, process=before)
    assert isinstance(lost, Lost)
    assert lost.reason.code == "machine_restarted"


def test_on_another_host_only_ten_minutes_of_silence_tell_that_it_is_lost(ref: AttemptRef) -> None:
    there = replace(ME, host="elsewhere")
    assert isinstance(seen(ref, runner=there, process=there, silent_for=590), Running)
    lost = seen(ref, runner=there, process=there, silent_for=610)
    assert isinstance(lost, Lost)
    assert "elsewhere" in lost.reason.message


def test_a_record_that_is_no_record_is_an_error_that_says_so(ref: AttemptRef) -> None:
    ref.folder.attempt(1).write_text('{"attempt": "one"}')
    with pytest.raises(InternalError, match="cannot be read"):
        look(ref)
