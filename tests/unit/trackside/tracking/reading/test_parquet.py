"""The Parquet beside the lines is believed only as far as it agrees with them."""

import json
import threading

import polars as pl
import pytest

from trackside.tracking.folder import RunFolder
from trackside.tracking.reading import blocks, columns, metrics_table
from trackside.tracking.reading import parquet as compaction
from trackside.tracking.reading.parquet import compact, open_compacted


@pytest.fixture
def folder(tmp_path):
    folder = RunFolder(tmp_path / "job-1")
    folder.create()
    return folder


@pytest.fixture(autouse=True)
def _worth_it(monkeypatch):
    monkeypatch.setattr(compaction, "WORTH", 0)


def write(folder, *losses, raw=""):
    with folder.metrics.open("a") as file:
        file.write("".join(json.dumps({"step": n, "loss": loss}) + "\n" for n, loss in enumerate(losses)) + raw)


def losses(folder):
    return metrics_table(folder, ["loss"], library="polars")["loss"].to_list()


def test_it_covers_whole_lines_and_says_which(folder):
    write(folder, 1, 2.5, raw='torn\n{"step": 9')
    assert compact(folder)
    parts = open_compacted(folder).parts
    assert [(name, part.rows, part.torn) for name, part in parts.items()] == [("metrics.jsonl", 2, 1)]
    assert parts["metrics.jsonl"].bytes == folder.metrics.stat().st_size - len('{"step": 9')
    assert folder.table.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.path.iterdir() if path.name.endswith(".tmp")] == []


def test_what_is_appended_after_it_is_read_from_the_lines_and_covered_the_next_time(folder):
    write(folder, 1, 2.5)
    compact(folder)
    write(folder, 3, 4)
    assert losses(folder) == [1, 2.5, 3, 4]
    compact(folder)
    assert open_compacted(folder).parts["metrics.jsonl"].rows == 4
    assert losses(folder) == [1, 2.5, 3, 4]


def test_it_is_read_and_not_the_lines(folder):
    write(folder, 1, 2)
    compact(folder)
    frame = pl.read_parquet(folder.table)
    frame.with_columns(loss=pl.Series([7.0, 8.0])).write_parquet(folder.table, metadata=_said(folder))
    assert losses(folder) == [7, 8]


def _said(folder):
    return {"trackside": pl.read_parquet_metadata(folder.table)["trackside"]}


@pytest.mark.parametrize("how", ["shorter", "rewritten", "other size", "damaged", "empty", "foreign", "newer format"])
def test_one_that_does_not_agree_is_as_if_it_were_not_there_and_is_written_anew(folder, how):
    write(folder, 1, 2, 3)
    compact(folder)
    if how == "shorter":
        folder.metrics.write_text('{"step": 0, "loss": 1}\n')
    elif how == "rewritten":
        folder.metrics.write_text(folder.metrics.read_text().replace("2}", "5}"))
    elif how == "other size":
        folder.metrics.write_text('{"step": 0, "loss": 10}\n' * 9)
    elif how == "damaged":
        folder.table.write_bytes(folder.table.read_bytes()[:-20])
    elif how == "empty":
        folder.table.write_bytes(b"")
    elif how == "foreign":
        pl.DataFrame({"loss": [9.0]}).write_parquet(folder.table)
    else:
        said = {"trackside": _said(folder)["trackside"].replace('"format": 1', '"format": 99')}
        pl.read_parquet(folder.table).write_parquet(folder.table, metadata=said)
    expected = [json.loads(line)["loss"] for line in folder.metrics.read_text().splitlines()]
    assert open_compacted(folder) is None
    assert losses(folder) == expected
    assert compact(folder)
    assert open_compacted(folder) is not None
    assert losses(folder) == expected


def test_a_key_with_values_of_different_kinds_is_read_from_the_lines_alone(folder):
    write(folder, 1, "high")
    assert not compact(folder)
    assert not folder.table.exists()
    assert metrics_table(folder)["loss"].to_list() == [1, "high"]


def test_few_lines_are_not_worth_it(folder, monkeypatch):
    monkeypatch.setattr(compaction, "WORTH", 1000)
    write(folder, 1)
    assert not compact(folder)


def test_whoever_reads_much_leaves_it_behind_and_does_not_wait(folder, monkeypatch):
    monkeypatch.setattr(columns, "WORTH", 0)
    go, written = threading.Event(), columns.write_compacted

    def when_told(*arguments):
        assert go.wait(30)
        written(*arguments)

    monkeypatch.setattr(columns, "write_compacted", when_told)
    write(folder, 1, 2)
    assert losses(folder) == [1, 2]
    assert not folder.table.exists()
    go.set()
    for thread in threading.enumerate():
        if thread.name == "trackside-compact":
            thread.join(30)
    assert open_compacted(folder).parts["metrics.jsonl"].rows == 2


def test_files_of_several_hosts_are_covered_each_by_itself(folder):
    stamp = '{{"_timestamp": "2026-11-22T09:30:0{}Z", "loss": {}}}\n'
    folder.metrics.write_text(stamp.format(1, 1) + stamp.format(5, 5))
    folder.rank_metrics(1).write_text(stamp.format(2, 2))
    compact(folder)
    with folder.rank_metrics(1).open("a") as file:
        file.write(stamp.format(3, 3))
    folder.rank_metrics(2).write_text(stamp.format(4, 4))
    assert metrics_table(folder, x="time")["loss"].to_list() == [1, 2, 3, 4, 5]


def test_what_memory_should_not_hold_is_written_in_pieces(folder, monkeypatch):
    monkeypatch.setattr(compaction, "_AT_ONCE", 100)
    monkeypatch.setattr(blocks, "BLOCK", 60)
    write(folder, 1, 2, 3, 4, 5, 6, raw="torn\n")
    write(folder, 1.5, *range(20))
    assert compact(folder)
    part = open_compacted(folder).parts["metrics.jsonl"]
    assert (part.rows, part.torn, part.bytes) == (27, 1, folder.metrics.stat().st_size)
    write(folder, "NaN", 7)
    folder.rank_metrics(1).write_text('{"step": 0, "other": 1}\n' * 9)
    assert compact(folder)
    assert pl.read_parquet(folder.table)["loss"].to_list()[6:29] == [
        1.5,
        *range(20),
        pytest.approx(float("nan"), nan_ok=True),
        7,
    ]
    assert metrics_table(folder)["other"].sum() == 9
    assert [path.name for path in folder.path.iterdir() if path.name.startswith(".")] == []
