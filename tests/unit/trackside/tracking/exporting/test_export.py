"""Exports hold what was recorded: real numbers, whole files, none replaced unawares."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import polars as pl
import pytest

import trackside
from trackside.errors import AmbiguousName, Conflict, InvalidInput, NotFound
from trackside.tracking import read_metrics
from trackside.tracking.exporting import export_runs, find_runs
from trackside.tracking.importing import import_runs

VALUES = [
    {"loss": 0.5, "ok": True, "note": 'a,"b"\nc'},
    {"loss": math.nan, "count": 2**53 + 1},
    {"loss": -math.inf, "count": -1, "mixed": 1},
    {"loss": 1, "mixed": "x", "none": None},
]


def make(name="base", values=VALUES, **options):
    run = trackside.init(name, **options, system_metrics=False, capture_git=False, capture_pip=False)
    for step, metrics in enumerate(values):
        run.log(metrics, step=step)
    return run


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = make(config={"lr": 0.1, "clip": math.inf})
    run.summary({"best": math.nan})
    run.finish()
    return run


@pytest.fixture
def other(run):
    other = make("other", [{"run_id": 7, "loss": 2.0}])
    other.finish()
    return other


def test_csv_is_a_wide_table_with_empty_cells_and_real_nan(run):
    (done,) = export_runs("csv", [run.run_dir])
    assert (done.path, done.records, done.notes) == (Path.cwd() / f"{run.run_id}.csv", 4, ())
    rows = list(csv.reader(done.path.open(newline="")))
    assert rows[0] == ["_idx", "_timestamp", "step", "loss", "ok", "note", "count", "mixed", "none"]
    assert [row[3:] for row in rows[1:]] == [
        ["0.5", "true", 'a,"b"\nc', "", "", ""],
        ["NaN", "", "", "9007199254740993", "", ""],
        ["-inf", "", "", "-1", "1", ""],
        ["1", "", "", "", "x", ""],
    ]


def test_parquet_has_typed_columns_and_the_facts_of_its_run(run):
    (done,) = export_runs("parquet", [run.run_dir])
    frame = pl.read_parquet(done.path)
    assert frame.schema == {
        "_idx": pl.Int64, "_timestamp": pl.Datetime("us", "UTC"), "step": pl.Int64, "loss": pl.Float64,
        "ok": pl.Boolean, "note": pl.String, "count": pl.Int64, "mixed": pl.String, "none": pl.String,
    }  # fmt: skip
    assert repr(frame["loss"].to_list()) == "[0.5, nan, -inf, 1.0]"
    assert frame["count"].to_list() == [None, 2**53 + 1, -1, None]
    assert (
        frame["_timestamp"][0].isoformat(timespec="microseconds").replace("+00:00", "Z")
        == read_metrics(run.run_dir / "metrics.jsonl")[0]["_timestamp"]
    )
    (told,) = json.loads(pl.read_parquet_metadata(done.path)["trackside_runs"])
    assert (told["name"], told["config"]) == ("base", {"lr": 0.1, "clip": "Infinity"})


def test_json_is_a_document_that_any_reader_takes(run):
    (done,) = export_runs("json", [run.run_dir])

    def refuse(constant):
        raise AssertionError(constant)

    document = json.loads(done.path.read_bytes(), parse_constant=refuse)
    (told,) = document["runs"]
    assert (document["format"], told["name"], told["summary"]) == (1, "base", {"best": "NaN"})
    assert told["config"] == {"lr": 0.1, "clip": "Infinity"}
    assert [record["loss"] for record in told["metrics"]] == [0.5, "NaN", "-Infinity", 1]
    assert told["metrics"][3]["none"] is None


def test_what_was_exported_can_be_imported_again_with_the_same_values(run):
    (done,) = export_runs("csv", [run.run_dir])
    (result,) = import_runs("csv", [done.path])
    before = read_metrics(run.run_dir / "metrics.jsonl")
    del before[3]["none"]  # an empty cell is a value that is not there
    assert repr(read_metrics(result.folder.metrics)) == repr(before)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_several_runs_are_one_long_table_with_the_run_in_front(run, other, kind):
    (done,) = export_runs(kind, [run.run_dir, other.run_dir])
    assert (done.path.name, done.run_ids, done.records) == (f"runs.{kind}", (run.run_id, other.run_id), 5)
    frame = pl.read_csv(done.path, infer_schema=False) if kind == "csv" else pl.read_parquet(done.path)
    assert frame.columns[:5] == ["run_id", "run_name", "_idx", "_timestamp", "step"]
    assert frame["run_name"].to_list() == ["base"] * 4 + ["other"]
    assert str(frame["metric.run_id"][4]) == "7"


def test_a_folder_gets_a_file_for_each_run(run, other):
    done = export_runs("json", [run.run_dir, other.run_dir], "out/")
    assert [each.path.name for each in done] == [f"{run.run_id}.json", f"{other.run_id}.json"]
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(each.path.name for each in done)


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_a_stream_takes_the_same_bytes_as_a_file(run, kind):
    (done,) = export_runs(kind, [run.run_dir], "x")
    stream = io.BytesIO()
    (streamed,) = export_runs(kind, [run.run_dir], stream)
    assert (streamed.path, stream.getvalue()) == (None, done.path.read_bytes())


def test_a_file_that_exists_is_replaced_only_by_force(run):
    Path("mine").write_text("precious")
    with pytest.raises(Conflict, match=r"mine exists\. --force"):
        export_runs("csv", [run.run_dir], "mine")
    assert Path("mine").read_text() == "precious"
    export_runs("csv", [run.run_dir], "mine", force=True)
    assert Path("mine").read_text().startswith("_idx,")
    assert [path.name for path in Path.cwd().iterdir() if path.name.startswith(".")] == []


def test_an_export_that_fails_leaves_nothing(run, monkeypatch):
    from trackside.tracking.exporting import as_csv

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(as_csv, "rows_of", fail)
    before = set(Path.cwd().iterdir())
    with pytest.raises(InvalidInput, match="No space left"):
        export_runs("csv", [run.run_dir])
    assert set(Path.cwd().iterdir()) == before


def test_of_a_run_in_progress_it_is_what_is_there(run):
    going = make("going", [{"x": 1}, {"x": 2}])
    with (going.run_dir / "metrics.jsonl").open("a") as file:
        file.write('{"_idx": 2, "_timestamp": "2026-01-01T00:00:00Z", "x"')
    (done,) = export_runs("csv", [going.run_dir])
    assert (done.records, done.notes) == (2, (f"{going.run_id} is still going on: this is what there was.",))


def test_what_several_hosts_wrote_is_put_in_order_of_time(run):
    lines = [
        f'{{"_idx": {number}, "_timestamp": "2026-01-01T00:00:0{number}Z", "x": {number}}}\n' for number in range(4)
    ]
    (run.run_dir / "metrics.jsonl").write_text(lines[0] + lines[2] + "{torn\n")
    (run.run_dir / "metrics.1.jsonl").write_text(lines[1] + lines[3])
    (done,) = export_runs("csv", [run.run_dir], "x")
    assert [row[2] for row in csv.reader(done.path.open())] == ["x", "0", "1", "2", "3"]
    assert done.notes == (f"{run.run_id}: 1 torn line was passed over.",)


def test_a_run_without_records_is_an_empty_table(run):
    empty = make("empty", [])
    empty.finish()
    for kind in ("csv", "json", "parquet"):
        (done,) = export_runs(kind, [empty.run_dir])
        assert done.records == 0
        assert done.path.exists()


@pytest.mark.parametrize(
    ("kind", "runs", "error", "said"),
    [("cvs", ["."], InvalidInput, "Did you mean 'csv'?"), ("csv", [], InvalidInput, "no run to export"),
     ("csv", ["absent"], NotFound, "is no run folder")],
)  # fmt: skip
def test_what_cannot_be_exported_is_refused_with_a_word(run, kind, runs, error, said):
    with pytest.raises(error) as raised:
        export_runs(kind, runs)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("target", "error", "said"),
    [("d.PARQUET", InvalidInput, "Export as parquet, or end the name with .csv"), ("no/d.csv", NotFound, "no folder no."),
     ("no/deeper/", NotFound, "no folder no.")],
)  # fmt: skip
def test_a_target_that_is_a_slip_is_refused_and_nothing_is_made(run, target, error, said):
    before = set(Path.cwd().iterdir())
    with pytest.raises(error) as raised:
        export_runs("csv", [run.run_dir], target)
    assert said in str(raised.value)
    assert set(Path.cwd().iterdir()) == before


def test_a_run_is_found_by_id_number_name_or_path(run, other, home):
    (home / "runs" / "job-41").mkdir()
    (home / "runs" / "job-41" / "meta.json").write_text('{"name": "train"}')
    words = [run.run_id, "41", "job-41", "train", str(other.run_dir)]
    assert [folder.path.name for folder in find_runs(words)] == [run.run_id, "job-41", other.run_id]


def test_a_name_of_none_and_a_name_of_several_are_refused(run):
    make("twice", []).finish()
    make("twice", []).finish()
    with pytest.raises(NotFound, match="Did you mean 'base'"):
        find_runs(["bse"])
    with pytest.raises(AmbiguousName, match=r"2 runs are called 'twice'\. Use the id: local-"):
        find_runs(["twice"])


@pytest.mark.parametrize("word", ["..", ".", "", "../../etc"])
def test_a_word_that_leads_out_of_the_home_is_no_run(run, word):
    with pytest.raises(NotFound):
        find_runs([word])


def test_parquet_by_columns_is_what_it_is_by_rows(run, monkeypatch):
    from trackside.tracking.exporting import as_parquet

    one = make("one", [{"loss": math.nan, "ok": True, "run_id": 7}, {"none": None, "loss": 3}])
    two = make("two", [{"count": 2**53 + 1, "note": "x"}, {"loss": -math.inf}])
    two.finish()
    for number, folders in enumerate(([one.run_dir, two.run_dir], [two.run_dir])):
        (fast,) = export_runs("parquet", folders, f"fast{number}")
        with monkeypatch.context() as patch:
            patch.setattr(as_parquet, "_by_columns", as_parquet._by_rows)
            (slow,) = export_runs("parquet", folders, f"slow{number}")
        quick, exact = pl.read_parquet(fast.path), pl.read_parquet(slow.path)
        assert (quick.schema, fast.records) == (exact.schema, slow.records)
        assert repr(quick.rows()) == repr(exact.rows())


def test_a_whole_number_beyond_all_floats_is_an_infinity_among_floats(run):
    mixed = make("mixed", [{"big": 10**400, "m": 1}, {"big": 0.5, "m": "x"}, {"big": -(10**400)}])
    mixed.finish()
    (done,) = export_runs("parquet", [mixed.run_dir])
    assert pl.read_parquet(done.path)["big"].to_list() == [math.inf, 0.5, -math.inf]
