import json
import math
from pathlib import Path

import pytest

from trackside.tracking.records import read_meta, read_metrics, read_progress, read_records, read_system


def _file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(content)
    return path


def test_a_missing_and_an_empty_file_have_no_records(tmp_path: Path) -> None:
    assert read_metrics(tmp_path / "metrics.jsonl") == []
    assert read_metrics(tmp_path / "nowhere" / "metrics.jsonl") == []
    assert read_metrics(_file(tmp_path, b"")) == []
    assert read_records(tmp_path / "nowhere", 7) == ([], 7, 0)


def test_spelt_floats_are_floats_again_and_other_texts_stay(tmp_path: Path) -> None:
    path = _file(tmp_path, b'{"_idx": 0, "a": "NaN", "b": "-Infinity", "c": "Infinity", "d": "Nan", "e": "1"}\n')
    (record,) = read_metrics(path)
    assert math.isnan(record["a"])  # type: ignore[arg-type]
    assert [record[key] for key in "bcde"] == [-math.inf, math.inf, "Nan", "1"]


@pytest.mark.parametrize(
    ("torn", "kept", "count"),
    [
        (b'{"_idx": 1, "lo', [0, 2], 1),
        (b'{"_idx": 1, "lo\n{"_idx": 1.5', [0, 2], 2),
        (b'{"_idx": 1, "lo{"_idx": 7}', [0, 7, 2], 1),
        (b'{"_idx": 1, "lo{"_idx": 7}\n{"_id', [0, 7, 2], 2),
        (b"\0\0\0\0", [0, 2], 1),
        (b'\0\0\0\0{"_idx": 7}', [0, 7, 2], 1),
        (b"[1, 2]", [0, 2], 1),
        (b"7", [0, 2], 1),
        (b"\xff\xfe", [0, 2], 1),
        (b"", [0, 2], 0),
        (b" \r", [0, 2], 0),
        (b"[" * 100_000, [0, 2], 1),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_torn_line_in_the_middle_costs_only_itself_and_is_counted(
    tmp_path: Path, torn: bytes, kept: list[int], count: int
) -> None:
    path = _file(tmp_path, b'{"_idx": 0}\n' + torn + b'\n{"_idx": 2}\n')
    records, next_offset, lost = read_records(path)
    assert [record["_idx"] for record in records] == kept
    assert lost == count
    assert next_offset == path.stat().st_size


def test_a_line_that_is_being_written_waits_for_the_next_reading(tmp_path: Path) -> None:
    path = _file(tmp_path, b'{"_idx": 0}\n{"_idx": 1, "lo')
    records, offset, torn = read_records(path)
    assert ([record["_idx"] for record in records], torn) == ([0], 0)
    with path.open("ab") as file:
        file.write(b'ss": 2}\n')
    records, offset, torn = read_records(path, offset)
    assert records == [{"_idx": 1, "loss": 2}]
    assert (offset, torn) == (path.stat().st_size, 0)


def test_a_whole_last_line_without_its_newline_is_read_once(tmp_path: Path) -> None:
    path = _file(tmp_path, b'{"_idx": 0}\n{"_idx": 1}')
    records, offset, _ = read_records(path)
    assert len(records) == 2
    with path.open("ab") as file:
        file.write(b'\n{"_idx": 2}\n')
    assert [record["_idx"] for record in read_records(path, offset).records] == [2]


def test_numbers_that_fast_decoders_refuse_are_read(tmp_path: Path) -> None:
    path = _file(tmp_path, b'{"_idx": 0, "big": 1180591620717411303424, "half": "\\udc80"}\n')
    (record,) = read_metrics(path)
    assert record["half"] == "\udc80"
    assert record["big"] == 2**70


def test_a_file_is_read_in_pieces_of_bounded_size(tmp_path: Path) -> None:
    lines = [json.dumps({"_idx": i, "text": "x" * (i % 50)}).encode() + b"\n" for i in range(200)]
    path = _file(tmp_path, b"".join(lines))
    offset, indices, pieces = 0, [], 0
    while True:
        records, after, torn = read_records(path, offset, limit=40)
        if after == offset:
            break
        assert torn == 0
        indices += [record["_idx"] for record in records]
        offset, pieces = after, pieces + 1
    assert indices == list(range(200))
    assert pieces > 100


def test_a_file_that_became_shorter_is_read_from_its_start(tmp_path: Path) -> None:
    path = _file(tmp_path, b'{"_idx": 0}\n')
    records, next_offset, _ = read_records(path, 4000)
    assert len(records) == 1
    assert next_offset < 4000


def test_what_other_hosts_wrote_belongs_to_the_metrics(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text(
        '{"_idx": 0, "_timestamp": "2026-11-22T09:30:00Z"}\n{"_idx": 1, "_timestamp": "2026-11-22T09:30:02Z"}\n'
    )
    (tmp_path / "metrics.1.jsonl").write_text('{"_idx": 1099511627776, "_timestamp": "2026-11-22T09:30:01Z"}\n')
    assert [record["_idx"] for record in read_metrics(tmp_path / "metrics.jsonl")] == [0, 1099511627776, 1]
    assert len(read_metrics(tmp_path / "metrics.1.jsonl")) == 1


PAGE = {
    "run_id": "job-1",
    "name": "baseline",
    "status": "completed",
    "started_at": "2024-01-15T10:30:00Z",
    "finished_at": "2024-01-15T11:30:00Z",
    "duration_seconds": 3600.5,
    "tags": ["baseline"],
    "config_file": "config.json",
    "summary": {"best": "NaN"},
    "git_info": {"commit": "a1b2", "branch": "main", "dirty": False, "remote_url": "git@github.com:user/repo.git"},
}
PACKAGE = {
    "id": "local-1",
    "name": "baseline",
    "status": "completed",
    "started_at": "2024-01-15T10:30:00Z",
    "finished_at": "2024-01-15T10:31:00Z",
    "summary": None,
    "git": {"commit": "a1b2", "short_hash": "a1b", "branch": "main", "dirty": True, "remote": None},
}


def test_meta_of_the_page_and_of_the_package_read_alike(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text(json.dumps(PAGE))
    page = read_meta(tmp_path)
    assert math.isnan(page["summary"]["best"])  # type: ignore[index]
    assert page["id"] == page["run_id"] == "job-1"
    assert page["git"] == PAGE["git_info"]
    assert page["duration_seconds"] == 3600.5
    (tmp_path / "meta.json").write_text(json.dumps(PACKAGE))
    package = read_meta(tmp_path)
    assert package["id"] == package["run_id"] == "local-1"
    assert package["git_info"] == PACKAGE["git"]
    assert package["duration_seconds"] == 60.0
    assert package["summary"] == {}


def test_meta_of_an_unfinished_run_has_no_duration_and_a_missing_one_is_empty(tmp_path: Path) -> None:
    assert read_meta(tmp_path) == {}
    (tmp_path / "meta.json").write_text(json.dumps({**PACKAGE, "finished_at": None, "status": "running"}))
    assert read_meta(tmp_path)["duration_seconds"] is None


def test_system_samples_of_the_page_and_of_the_package_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "system.jsonl"
    package = {
        "_timestamp": "2024-01-15T10:30:00Z", "cpu_percent": 5.0, "memory_used_gb": 4.0, "memory_total_gb": 16.0,
        "gpu_util": 95.0, "gpu_mem_used_gb": 8.0, "gpu_mem_total_gb": 80.0, "gpu_name": "A100",
    }  # fmt: skip
    page = {"_timestamp": "2024-01-15T10:30:00Z", "memory_percent": 25.0, "gpu_0_utilization": 95}
    path.write_text(json.dumps(package) + "\n" + json.dumps(page) + "\n")
    first, second = read_system(path)
    assert [first["memory_percent"], first["gpu_0_utilization"], first["gpu_0_memory_used"]] == [25.0, 95.0, 8192]
    assert second == page


def test_the_latest_progress_is_read_from_the_end_of_a_long_file(tmp_path: Path) -> None:
    assert read_progress(tmp_path) is None
    (tmp_path / "progress.jsonl").write_text("".join(json.dumps({"i": i, "total": 9999}) + "\n" for i in range(9999)))
    assert read_progress(tmp_path) == {"i": 9998, "total": 9999}
