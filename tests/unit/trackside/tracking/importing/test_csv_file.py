"""CSV files become runs: which column is what, what a cell is, and which rows are left out."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from trackside.errors import InvalidInput
from trackside.tracking import read_meta, read_metrics
from trackside.tracking.importing import Imported, NotImported, import_runs
from trackside.tracking.importing.csv_file import parse_moment, parse_value


@pytest.fixture
def bring(tmp_path: Path):
    """Import one file of this content; return what became of it."""

    def bring(content: str | bytes, name: str = "log.csv", **options):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        (result,) = import_runs("csv", [file], **options)
        return result

    return bring


def records(result: Imported):
    assert isinstance(result, Imported), result
    found = read_metrics(result.folder.metrics)
    assert [record.pop("_idx") for record in found] == list(range(len(found)))
    return found


def test_a_row_is_a_record_with_its_own_time_and_step(bring):
    result = bring("step,time,loss,note\n0,2026-01-02T03:04:05.5Z,0.5,warm up\n10,1767323046.25,nan,\n")
    assert records(result)[0] == {
        "_timestamp": "2026-01-02T03:04:05.500000Z",
        "step": 0,
        "loss": 0.5,
        "note": "warm up",
    }
    last = records(result)[1]
    assert (last["_timestamp"], last["step"], list(last)) == (
        "2026-01-02T03:04:06.250000Z",
        10,
        ["_timestamp", "step", "loss"],
    )
    assert math.isnan(last["loss"])
    meta = read_meta(result.folder)
    assert (meta["name"], meta["status"], meta["started_at"], meta["finished_at"], meta["duration_seconds"]) == (
        "log", "completed", "2026-01-02T03:04:05.500000Z", "2026-01-02T03:04:06.250000Z", 0.75,
    )  # fmt: skip
    assert result.notes == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("-7", -7), ("1e3", 1000.0), ("inf", math.inf), ("-Infinity", -math.inf), ("true", True), ("False", False),
     ("adam", "adam"), ("1,5", "1,5"), (str(2**70), 2**70)],
)  # fmt: skip
def test_a_cell_is_what_it_spells(text, value):
    found = parse_value(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2026-01-02 03:04:05", 1767323045.0), ("2026-01-02T04:04:05+01:00", 1767323045.0), ("1767323045", 1767323045.0),
     ("1767323045000", 1767323045.0), ("0.5", None), ("nan", None), ("inf", None), ("soon", None), ("", None)],
)  # fmt: skip
def test_a_moment_is_an_iso_time_or_seconds_or_milliseconds(text, seconds):
    assert parse_moment(text) == seconds


def test_a_column_called_time_that_holds_durations_is_a_metric(bring):
    result = bring("step,time\n0,0.25\n1,0.5\n")
    assert [record["time"] for record in records(result)] == [0.25, 0.5]
    assert "No column is the time" in result.notes[0]


def test_the_columns_can_be_named(bring):
    result = bring("epoch,when,step\n3,2026-01-02,7\n", options={"step": "epoch", "time": "when"})
    assert records(result) == [{"_timestamp": "2026-01-02T00:00:00.000000Z", "_step": 3, "step": 7}]


def test_a_column_that_is_not_there_is_refused_with_the_near_ones(bring):
    result = bring("epoch,loss\n1,2\n", options={"step": "epocs"})
    assert isinstance(result, NotImported)
    assert "no column 'epocs'. Did you mean 'epoch'?" in str(result.error)


def test_bad_rows_are_named_by_their_lines_and_the_others_are_there(bring):
    result = bring('step,loss\n0,1\n1\n2,2,2\nmany,4\n"4",5\n\n5,"a\nb"\nnan,3\n')
    assert [(record["step"], record["loss"]) for record in records(result)] == [(0, 1), (4, 5), (5, "a\nb")]
    assert result.notes[-1] == (
        "4 rows were left out: line 3 has 1 cell, not 2; line 4 has 3 cells, not 2; line 5: 'many' is no step; "
        "line 10: 'nan' is no step."
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no line of column names"),
        ("a,b,a\n1,2,3\n", "'a' is there twice"),
        ("a,b\n1\n2\n", "no row can be read"),
        ("a,b\n", "below the names of the columns is no row"),
        ("0,0.5,nan\n1,0.25,1\n", "first line has numbers, no names"),
        ("a,b\n1,2\n" + "x" * 2_000_000 + "\0\n", "it has NUL bytes"),
    ],
)
def test_what_is_no_table_is_refused(bring, home, content, said):
    result = bring(content)
    assert isinstance(result, NotImported)
    assert list((home / "runs").iterdir()) == []
    assert said in result.error.message


@pytest.mark.parametrize(
    "content", ["step;loss\n1;2\n", "step\tloss\n1\t2\n", "\ufeffstep,loss\r\n1,2\r\n", "Step,loss\n1,2\n"]
)
def test_separators_and_ends_of_lines_may_be_others(bring, content):
    (record,) = records(bring(content))
    assert (record["step"], record["loss"]) == (1, 2)


def test_bytes_that_are_no_text_cost_only_themselves(bring):
    (record,) = records(bring(b"step,name\n1,caf\xe9\n"))
    assert record["name"] == "caf\ufffd"


def test_steps_may_be_huge_repeat_and_go_back(bring):
    steps = [2**62, 2**70, 5, 5, -1]
    assert [record["step"] for record in records(bring("step,x\n" + "".join(f"{step},1\n" for step in steps)))] == steps


def test_a_folder_gives_a_run_for_each_file(tmp_path):
    for name in ("a.csv", "b.tsv", "c.txt"):
        (tmp_path / name).write_text("x\n1\n" + name)
    assert [read_meta(result.folder)["name"] for result in import_runs("csv", [tmp_path], tags=["t"])] == ["a", "b"]


def test_a_folder_without_any_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match=r"holds no CSV file\. They are called"):
        list(import_runs("csv", [tmp_path]))


def test_between_semicolons_a_comma_is_a_decimal_point(bring):
    result = bring("epoch;loss;note\n1,0;0,25;a,b\n2;1,5e-3;-1,5\n")
    assert [(record["step"], record["loss"], record["note"]) for record in records(result)] == [
        (1, 0.25, "a,b"),
        (2, 0.0015, -1.5),
    ]
    assert len(result.notes) == 1


@pytest.mark.parametrize("content", ['step,loss\n1,"1,5"\n', "step\tloss\n1\t1,5\n", "step;loss\n1;1.234,5\n"])
def test_a_text_that_was_meant_as_a_number_is_told(bring, content):
    result = bring(content)
    assert isinstance(records(result)[0]["loss"], str)
    assert "The column 'loss' has texts: '1" in result.notes[1]
    assert "--time-column" in result.notes[0]
