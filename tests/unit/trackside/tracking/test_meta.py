import datetime as dt
import re
from pathlib import Path

from trackside.tracking.folder import RunFolder
from trackside.tracking.meta import described, ended, joined, new_run_id


def test_an_id_is_made_of_time_and_noise() -> None:
    now = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
    assert new_run_id(now, bytes([0, 25, 26, 35, 36, 255])) == "local-20261122-093000-az09ad"
    assert re.fullmatch(r"local-\d{8}-\d{6}-[a-z0-9]{6}", new_run_id(now, b"\xff" * 6))


def test_joining_keeps_what_is_there_and_fills_in_what_is_missing(tmp_path: Path) -> None:
    meta = joined({"name": None, "status": "pending", "extra": 1, "started_at": None}, RunFolder(tmp_path / "job-1"))
    assert (meta["name"], meta["status"], meta["extra"], meta["run_id"]) == ("job-1", "pending", 1, "job-1")
    assert meta["started_at"] is not None


def test_a_run_may_be_renamed_a_named_job_not() -> None:
    meta: dict[str, object] = {"run_id": "job-1", "name": "old", "tags": ["a"]}
    assert described(meta, "new", [], job=False)["name"] == "new"
    assert described(meta, "new", [], job=True)["name"] == "old"
    assert described(meta | {"name": "job-1"}, "new", [], job=True)["name"] == "new"
    assert described(meta, None, ["b", "a"], job=True) == {"run_id": "job-1", "name": "old", "tags": ["a", "b"]}
    assert meta["tags"] == ["a"]


def test_the_end_changes_only_what_ended() -> None:
    meta = ended({"summary": {"a": 1}, "status": "running"}, "failed", {"code": "exception", "message": "x"}, 1.5)
    assert (meta["status"], meta["duration_seconds"], meta["summary"]) == ("failed", 1.5, {"a": 1})
