"""A store built from run folders says what the folders say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trackside.errors import Conflict
from trackside_server.engine.leadership import SchedulerLock
from trackside_server.engine.reindex import Reindexed, reindex
from trackside_server.store import Store

_HERE = {"pid": 1, "start_time": 1, "boot_id": "b", "host": "h"}


def folder(home: Path, seq: int, meta: dict[str, Any] | None = None, **spec: Any) -> Path:
    path = home / "runs" / f"job-{seq}"
    (path / "attempts").mkdir(parents=True)
    given = {"id": f"job-{seq}", "uuid": f"u{seq}", "home_id": "x", "created_at": "2026-11-22T09:30:00Z"}
    (path / "job.json").write_text(json.dumps({**given, "command": ["true"], **spec}))
    (path / "meta.json").write_text(json.dumps({"run_id": f"job-{seq}", "status": "pending", **(meta or {})}))
    return path


def attempt(path: Path, number: int, *, facts: dict[str, Any] | None = None, **how: Any) -> None:
    record = {"attempt": number, "runner": _HERE, "process": _HERE, "started_at": "2026-11-22T09:31:00Z", "exit": None}
    record |= facts or {}
    if how:
        record["exit"] = {"finished_at": "2026-11-22T09:32:00Z", **how}
    (path / "attempts" / f"{number}.json").write_text(json.dumps(record))


def jobs(home: Path) -> dict[str, Any]:
    store = Store.open(home / "trackside.db", home_id="x")
    with store.read() as reader:
        found = {job.id: job for job in reader.jobs_page(limit=500).jobs}
        first = reader.events_since(0, 1)[0].id if found else 0
    [following] = store.write_now(lambda tx: tx.reserve_job_ids())
    store.close()
    return {**found, "next": following, "event": first}


def test_every_kind_of_folder_becomes_the_job_that_it_was(tmp_path: Path) -> None:
    attempt(
        folder(tmp_path, 1, {"status": "completed", "name": "renamed", "tags": ["a"]}),
        1,
        status="completed",
        exit_code=0,
    )
    attempt(folder(tmp_path, 2, {"status": "running"}), 1)
    again = folder(tmp_path, 3)
    attempt(again, 1, status="failed", exit_code=3, reason={"code": "exit_code", "message": "ended with 3"})
    folder(tmp_path, 4, secrets=["TOKEN"], name="queued")
    reason = {"code": "cancelled_by_user", "message": "cancelled"}
    folder(tmp_path, 5, {"status": "cancelled", "reason": reason, "finished_at": "2026-11-22T09:30:05Z"})
    lost = folder(tmp_path, 7, {"status": "running"})
    attempt(lost, 1, status="failed", exit_code=-9, reason={"code": "signal", "message": "killed"})
    done = reindex(tmp_path)
    assert (done.jobs, done.running, done.highest, done.held) == (6, 1, 7, ["job-3", "job-4"])
    found = jobs(tmp_path)
    assert (found["job-1"].name, found["job-1"].tags, found["job-1"].exit_code) == ("renamed", ("a",), 0)
    assert (found["job-2"].status, found["job-2"].attempt) == ("running", 1)
    assert (found["job-3"].status, found["job-3"].attempt) == ("pending", 1), (
        "a retry that waited is not the end before it"
    )
    assert "trackside resume job-4" in found["job-4"].held
    assert (found["job-5"].status, found["job-5"].reason.code) == ("cancelled", "cancelled_by_user")
    assert (found["job-7"].status, found["job-7"].exit_code) == ("failed", -9), "the runner's word was not taken"
    assert found["next"] == 8
    assert 1_700_000_000_000 < found["event"] < 2**53, "clients with old event ids would hear nothing"


def test_what_all_attempts_took_is_known_again(tmp_path: Path) -> None:
    path = folder(tmp_path, 1, gpus={"count": 2})
    attempt(path, 1, facts={"gpus": ["GPU-1", "GPU-2"], "cost_per_hour": 60.0}, status="failed", exit_code=1)
    attempt(path, 2, facts={"gpus": ["GPU-1", "GPU-2"]}, status="failed", exit_code=1)
    attempt(path, 3, facts={"gpus": ["GPU-1", "GPU-2"], "cost_per_hour": 30.0})
    reindex(tmp_path)
    found = jobs(tmp_path)["job-1"]
    assert (round(found.gpu_hours, 6), found.cost, found.cost_per_hour) == (round(4 / 60, 6), 1.0, 30.0)


def test_released_jobs_may_start_but_those_that_need_secrets(tmp_path: Path) -> None:
    folder(tmp_path, 1)
    folder(tmp_path, 2, secrets=["TOKEN"])
    assert reindex(tmp_path, release=True).held == ["job-2"]
    assert jobs(tmp_path)["job-1"].held == ""


def test_a_released_job_waits_for_its_time(tmp_path: Path) -> None:
    """It is not started tonight because the store was lost today."""
    folder(tmp_path, 1, at="2999-11-22T09:30:00Z")
    folder(tmp_path, 2, at="2020-11-22T09:30:00Z")
    assert reindex(tmp_path, release=True).held == []
    found = jobs(tmp_path)
    assert (found["job-1"].status, found["job-1"].not_before.year) == ("scheduled", 2999)
    assert found["job-2"].status == "pending"


def test_a_folder_without_a_readable_job_json_is_named_and_its_number_does_not_come_back(tmp_path: Path) -> None:
    (folder(tmp_path, 9) / "job.json").write_text("{torn")
    assert reindex(tmp_path) == Reindexed(highest=9, unreadable=["job-9"])
    assert jobs(tmp_path)["next"] == 10


def test_the_number_of_a_job_whose_folder_was_removed_does_not_come_back(tmp_path: Path) -> None:
    (tmp_path / "removed.json").write_text('{"highest": 41}')
    folder(tmp_path, 3)
    reindex(tmp_path)
    assert jobs(tmp_path)["next"] == 42


def test_a_damaged_store_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    folder(tmp_path, 1)
    (tmp_path / "trackside.db").write_bytes(b"damaged")
    done = reindex(tmp_path)
    assert done.set_aside is not None
    assert (tmp_path / done.set_aside).read_bytes() == b"damaged"
    assert list(tmp_path.glob(".trackside.db.new*")) == []


def test_a_whole_store_is_left_alone_unless_forced(tmp_path: Path) -> None:
    folder(tmp_path, 1)
    reindex(tmp_path)
    with pytest.raises(Conflict, match="is whole"):
        reindex(tmp_path)
    assert reindex(tmp_path, force=True).jobs == 1


def test_nothing_is_touched_while_a_server_schedules(tmp_path: Path) -> None:
    folder(tmp_path, 1)
    lock = SchedulerLock(tmp_path)
    assert lock.take()
    with pytest.raises(Conflict, match="schedules"):
        reindex(tmp_path)
    assert not (tmp_path / "trackside.db").exists()
    lock.release()
