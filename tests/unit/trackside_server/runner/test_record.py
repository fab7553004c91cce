"""What the runner writes is what the server reads."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest

from trackside.probes.process import ProcessId
from trackside.tracking.clock import timestamp
from trackside_server.domain.attempt import FORMAT, AttemptRecord, Exit, parse_attempt
from trackside_server.runner import record
from trackside_server.runner.processes import identity
from trackside_server.runner.record import Charge

HOW: dict[str, object] = {
    "status": "failed",
    "reason": {"code": "exit_code", "message": "ended with exit code 3"},
    "exit_code": 3,
    "finished_at": "2026-11-22T09:30:01.000000Z",
    "duration_seconds": 1.5,
    "peak_memory": 1024,
}


@pytest.fixture
def charge(tmp_path: Path) -> Charge:
    me = identity(os.getpid())
    limits: list[dict[str, object]] = [{"name": "time", "value": 60.0, "enforced": True, "by": "runner"}]
    return Charge(str(tmp_path), 1, ["GPU-1"], limits, 10.0, 60.0, None, None, me, me)


def read(charge: Charge) -> AttemptRecord:
    return parse_attempt(charge.folder.attempt(charge.attempt).read_bytes())


def strict(struct: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(struct)}


def test_every_key_that_is_written_is_one_that_is_read_and_the_other_way_round(charge: Charge) -> None:
    assert set(record.content_of(charge)) == strict(AttemptRecord)
    assert set(HOW) == strict(Exit)
    assert record.FORMAT == FORMAT


def test_the_record_goes_from_claimed_to_running_to_over(charge: Charge) -> None:
    assert record.claim(charge)
    assert read(charge).process is None
    running = charge._replace(process=identity(os.getpid()), started_at=timestamp())
    record.write_running(running)
    assert read(charge).process == ProcessId.of()
    assert read(charge).exit is None
    record.write_exit(running, HOW)
    how = read(charge).exit
    assert how is not None
    assert (how.status, how.exit_code, how.peak_memory) == ("failed", 3, 1024)
    assert charge.folder.read_meta()["reason"] == HOW["reason"]


def test_an_attempt_is_claimed_once(charge: Charge) -> None:
    assert record.claim(charge)
    assert not record.claim(charge)
    assert sorted(path.name for path in charge.folder.attempts.iterdir()) == ["1.json"]
    record.give_up_claim(charge)
    assert record.claim(charge)


def test_a_file_system_without_hard_links_still_claims_once(charge: Charge, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert record.claim(charge)
    assert not record.claim(charge)
    assert read(charge).gpus == ["GPU-1"]


def test_an_attempt_is_open_for_its_own_runner_until_its_exit_is_written(charge: Charge) -> None:
    assert not record.is_open(charge)
    record.claim(charge)
    assert record.is_open(charge)
    assert not record.is_open(charge._replace(runner={**charge.runner, "pid": 1}))
    record.write_exit(charge, HOW)
    assert not record.is_open(charge)


def test_the_identity_of_a_process_is_the_same_as_the_probe_tells() -> None:
    assert ProcessId.from_dict(identity(os.getpid())) == ProcessId.of()
    assert ProcessId.from_dict(identity(os.getppid())) == ProcessId.of(os.getppid())


def test_times_are_utc_with_microseconds() -> None:
    text = timestamp()
    parsed = msgspec.convert(text, type=__import__("datetime").datetime)
    assert parsed.utcoffset().total_seconds() == 0
    assert len(text) == len("2026-11-22T09:30:00.123456Z")


def test_an_old_record_still_loads(charge: Charge) -> None:
    old = Path(__file__).parents[3] / "data" / "attempt_0001.json"
    loaded = parse_attempt(old.read_bytes())
    assert loaded.exit is not None
    assert loaded.exit.reason is not None
    assert loaded.exit.reason.code == "exit_code"


def test_a_record_with_half_a_character_of_an_earlier_version_is_read(charge: Charge) -> None:
    content = {**record.content_of(charge), "exit": None, "runner": {**charge.runner, "host": "h\udc80"}}
    assert parse_attempt(json.dumps(content).encode()).runner.host == "h?"
