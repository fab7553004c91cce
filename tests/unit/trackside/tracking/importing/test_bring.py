"""An import brings each run once and whole, and nothing that it is given can write elsewhere."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from trackside.errors import InvalidInput, NotFound
from trackside.tracking import read_meta, read_metrics
from trackside.tracking.importing import Imported, NotImported, import_runs
from trackside.tracking.importing.draft import Draft, sweep
from trackside.tracking.importing.origin import Origin, find_imported, free_id, imported_id
from trackside.tracking.media.content import Content

ORIGIN = Origin("csv", Path("/data/log.csv"), "digest", 1767323045.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "log.csv"
    file.write_text("step,loss\n0,1\n")
    return file


@pytest.fixture
def runs(home: Path) -> Path:
    (home / "runs").mkdir(parents=True)
    return home / "runs"


@pytest.fixture
def draft(runs: Path):
    draft = Draft(runs, "home", ORIGIN)
    yield draft
    draft.discard()


def one(*arguments, **options) -> Imported:
    (result,) = import_runs(*arguments, **options)
    assert isinstance(result, Imported), result
    return result


def test_the_id_says_when_the_run_began_and_is_the_same_each_time():
    assert (
        imported_id(ORIGIN) == imported_id(ORIGIN._replace(path=Path("/moved.csv"))) == "import-20260102-030405-uzvesr"
    )
    assert imported_id(ORIGIN._replace(identity="other")) != imported_id(ORIGIN)
    assert imported_id(ORIGIN._replace(started=1e30)).startswith("import-19700101-000000-")


def test_the_same_source_is_imported_once_also_after_it_moved(file, home):
    first = one("csv", [file])
    moved = file.rename(file.with_name("moved.csv"))
    second = one("csv", [moved])
    assert (first.existing, second.existing, second.folder.path) == (False, True, first.folder.path)
    assert len(list((home / "runs").iterdir())) == 1


def test_again_brings_a_copy_beside_it(file):
    first, second = one("csv", [file]), one("csv", [file], again=True)
    assert second.folder.path.name == f"{first.folder.path.name}-2"
    assert one("csv", [file]).folder.path == second.folder.path


def test_a_run_that_was_deleted_can_be_imported_anew(file):
    first = one("csv", [file])
    for path in (first.folder.config, first.folder.metrics, first.folder.meta):
        path.unlink()
    first.folder.artifacts.rmdir()
    first.folder.path.rmdir()
    assert not one("csv", [file]).existing


def test_another_run_of_the_same_id_is_not_taken_for_this_one(runs):
    taken = runs / imported_id(ORIGIN)
    taken.mkdir()
    (taken / "meta.json").write_text('{"imported_from": {"fingerprint": "another"}}')
    assert find_imported(runs, ORIGIN) is None
    assert free_id(runs, ORIGIN) == f"{taken.name}-2"


def test_where_it_comes_from_is_noted(file):
    meta = read_meta(one("csv", [file], name="base", tags=["a", "b", "a"]).folder)
    assert (meta["imported_from"]["kind"], meta["imported_from"]["path"]) == ("csv", str(file))  # type: ignore[index]
    assert (meta["name"], meta["tags"], meta["run_id"] == meta["id"]) == ("base", ["a", "b"], True)
    assert meta["config_file"] == "config.json"


def test_several_runs_cannot_have_one_name(file):
    other = file.with_name("other.csv")
    other.write_text("x\n1\n")
    with pytest.raises(InvalidInput, match="several runs"):
        list(import_runs("csv", [file, other], name="base"))


def test_a_source_that_cannot_be_read_does_not_stop_the_next_and_leaves_nothing(file, home):
    bad = file.with_name("bad.csv")
    bad.touch()
    refused, brought = import_runs("csv", [bad, file])
    assert isinstance(refused, NotImported)
    assert isinstance(brought, Imported)
    assert [path.name for path in (home / "runs").iterdir()] == [brought.folder.path.name]


@pytest.mark.parametrize(
    ("kind", "path", "error", "said"),
    [("csvs", ".", InvalidInput, "Did you mean 'csv'?"), ("csv", "absent.csv", NotFound, "There is no"),
     ("whirr", ".", InvalidInput, "holds no run folder")],
)  # fmt: skip
def test_what_cannot_be_imported_is_refused_with_a_word(tmp_path, monkeypatch, kind, path, error, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error) as raised:
        list(import_runs(kind, [path]))
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "name", "package"),
    [("tensorboard", "events.out.tfevents.1", "tensorboard"), ("wandb-offline", "run-1.wandb", "wandb")],
)
def test_a_library_that_is_missing_is_named_with_its_installation(tmp_path, monkeypatch, kind, name, package):
    (tmp_path / name).touch()
    (tmp_path / package).mkdir()  # a folder of that name is no package
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InvalidInput) as raised:
        list(import_runs(kind, [name]))
    assert (raised.value.code, raised.value.hint) == ("missing_package", f"pip install {package}")
    assert "which is missing here" in raised.value.message


def test_a_source_that_cannot_be_read_at_all_is_named():
    with pytest.raises(InvalidInput, match="mem cannot be used: Input/output error"):
        list(import_runs("csv", ["/proc/self/mem"]))


# The draft


@pytest.mark.parametrize(
    "key", ["../../evil", "/etc/passwd", "..", "a/../../b", "\0x", ".hidden", "x" * 300, "a\\..\\b"]
)
def test_media_of_any_key_stay_below_artifacts(draft, runs, key):
    draft.keep(key, Content("text", "txt", b"hey"), 1767323045.0, 3)
    folder, _ = draft.publish()
    (written,) = [path for path in runs.parent.rglob("*") if path.is_file() and path.read_bytes() == b"hey"]
    assert written.is_relative_to(folder.artifacts / "media")
    assert folder.media.read_text().count("\n") == 1


def test_what_no_record_can_hold_is_left_out_and_counted(draft):
    draft.record({"loss": 1.0, "list": [1, 2], "_idx": 7, "deep": {"x": float("inf")}}, 1.0, 0)
    draft.record({"list": []}, 2.0, 1)
    folder, _ = draft.publish()
    first, second = read_metrics(folder.metrics)
    assert (first["loss"], first["deep/x"], first["_idx"], second["_idx"]) == (1.0, float("inf"), 0, 1)
    assert draft.notes == ["3 values that no record can hold were left out: 'list' (2), '_idx' (1)."]


def test_an_unfinished_source_is_lost_and_says_so(draft):
    draft.unfinished("It was cut off.")
    meta = read_meta(draft.publish()[0])
    assert (meta["status"], meta["reason"]) == ("failed", {"code": "lost", "message": "It was cut off."})


def test_until_it_is_published_a_server_sees_nothing_of_it(draft, runs):
    from trackside_server.engine.index import RunFinder

    draft.record({"x": 1}, 1.0)
    assert RunFinder(runs).find() == []
    folder, _ = draft.publish()
    (row,) = RunFinder(runs).find()
    assert (row.id, row.status, row.run_dir) == (folder.path.name, "completed", str(folder.path))
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_of_two_that_bring_the_same_run_at_once_one_wins(runs, draft):
    other = Draft(runs, "home", ORIGIN)
    draft.record({"x": 1}, 1.0)
    other.record({"x": 2}, 1.0)
    first, second = draft.publish(), other.publish()
    other.discard()
    assert (first[1], second[1], second[0].path) == (False, True, first[0].path)
    assert [path.name for path in runs.iterdir()] == [first[0].path.name]
    assert read_metrics(first[0].metrics)[0]["x"] == 1


def test_what_a_killed_import_left_is_swept_away_and_a_living_one_is_not(runs, draft):
    left = runs / ".import-1-abc"
    left.mkdir()
    (left / "metrics.jsonl").touch()
    os.utime(left, (1, 1))
    os.utime(draft.folder.path, (1, 1))
    fresh = runs / ".import-2-def"
    fresh.mkdir()
    sweep(runs, time.time())
    assert sorted(path.name for path in runs.iterdir()) == sorted([draft.folder.path.name, fresh.name])
