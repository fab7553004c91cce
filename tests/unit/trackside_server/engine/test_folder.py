"""A job's run folder: laid out whole or not at all, and what was staged is never lost."""

import json
import os
import stat

import msgspec
import pytest

from trackside.errors import InvalidInput, TryAgain
from trackside.models import JobSpec, Reason
from trackside.tracking.folder import RunFolder
from trackside_server.engine import folder as folders
from trackside_server.engine.folder import check_files, discard_folder, lay_out, note_status, undo_lay_out

STAGING = "0" * 32


@pytest.fixture
def home(tmp_path):
    (tmp_path / "runs").mkdir()
    return tmp_path


@pytest.fixture
def record(home, job):
    def make(seq=1, **fields):
        made = job(seq, run_dir=str(home / "runs" / f"job-{seq}"))
        spec = JobSpec(
            **{"command": None if fields and "command" not in fields and _kind(fields) else "true", **fields}
        )
        return msgspec.structs.replace(made, spec=spec, name=spec.name)

    return make


def _kind(fields):
    return {"cell", "script", "notebook", "function"} & fields.keys()


def stage(home):
    staged = home / "staging" / STAGING
    staged.mkdir(parents=True)
    (staged / "x.pkl").write_text("precious")
    return staged


def test_everything_of_a_job_lies_in_its_folder(home, record, tmp_path):
    script = tmp_path / "train.py"
    script.write_text("print(1)")
    stage(home)
    made = lay_out(
        record(script=str(script), staging=STAGING, config={"lr": 1}, name="base", tags=["a"]), home, "home-id"
    )
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o700
    assert (made.source / "train.py").read_text() == "print(1)"
    assert (made.inputs / "x.pkl").read_text() == "precious"
    assert json.loads(made.config.read_text()) == {"lr": 1}
    meta = made.read_meta()
    assert (meta["run_id"], meta["name"], meta["status"], meta["tags"], meta["home_id"]) == (
        "job-1",
        "base",
        "pending",
        ["a"],
        "home-id",
    )
    assert not (home / "staging" / STAGING).exists()


def test_a_cell_is_kept_as_it_was(home, record):
    made = lay_out(record(cell="x = 'é'\n!ls"), home, "h")
    assert (made.source / "cell.py").read_text() == "x = 'é'\n!ls"


def test_when_the_disk_fails_nothing_stays_and_what_was_staged_is_there_again(home, record, monkeypatch):
    staged = stage(home)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    for step in ("write_bytes", "_write_first"):
        with monkeypatch.context() as patched:
            patched.setattr(folders, step, full)
            with pytest.raises(TryAgain, match="No space left") as caught:
                lay_out(record(cell="1", staging=STAGING), home, "h")
        assert caught.value.code == "home_not_writable"
        assert list((home / "runs").iterdir()) == []
        assert (staged / "x.pkl").read_text() == "precious"


def test_staged_values_that_another_took_are_named(home, record):
    with pytest.raises(InvalidInput, match=STAGING) as caught:
        lay_out(record(cell="1", staging=STAGING), home, "h")
    assert caught.value.code == "missing_staging"
    assert list((home / "runs").iterdir()) == []


def test_a_link_in_place_of_staged_values_is_refused(home, record):
    (home / "staging").mkdir()
    (home / "staging" / STAGING).symlink_to(home)
    with pytest.raises(InvalidInput):
        lay_out(record(cell="1", staging=STAGING), home, "h")


def test_what_was_laid_out_can_be_undone(home, record):
    staged = stage(home)
    made = record(cell="1", staging=STAGING)
    lay_out(made, home, "h")
    undo_lay_out(made, home)
    assert (staged / "x.pkl").read_text() == "precious"
    assert list((home / "runs").iterdir()) == []
    undo_lay_out(made, home)


def test_a_folder_left_by_a_submit_that_was_never_acknowledged_makes_way(home, record):
    (home / "runs" / "job-1").mkdir()
    (home / "runs" / "job-1" / "old").touch()
    made = lay_out(record(), home, "h")
    assert not (made.path / "old").exists()


def test_discarding_what_is_not_there_is_no_error(home):
    discard_folder(home / "runs" / "job-9")
    assert list((home / "runs").iterdir()) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"script": "/no/such.py"}, "missing_file"), ({"notebook": "/tmp"}, "missing_file"), ({"cell": "1", "workdir": "/no/such"}, "missing_workdir"),
        ({"cell": "1", "workdir": "/etc/passwd"}, "missing_workdir"), ({"cell": "1", "python": "/no/python"}, "missing_python"),
        ({"cell": "1", "python": "/etc/passwd"}, "missing_python"), ({"cell": "1", "staging": STAGING}, "missing_staging"),
        ({"script": "/" + "x" * 300}, "missing_file"),
    ],
)  # fmt: skip
def test_a_file_that_is_missing_is_named_before_anything_is_made(home, fields, code):
    with pytest.raises(InvalidInput) as caught:
        check_files(JobSpec(**fields), home)
    assert caught.value.code == code
    assert caught.value.hint


def test_a_job_that_names_what_is_there_may_pass(home, tmp_path):
    stage(home)
    (tmp_path / "a.py").touch()
    check_files(
        JobSpec(script=str(tmp_path / "a.py"), workdir=str(tmp_path), staging=STAGING, python=os.sys.executable), home
    )
    check_files(JobSpec(command="true", python="/no/python"), home)
    check_files(JobSpec(cell="1", python="python3"), home)


def test_the_end_of_a_job_stands_in_its_meta_where_no_runner_wrote_it(home, record):
    made = record()
    lay_out(made, home, "h")
    ended = msgspec.structs.replace(
        made, status="cancelled", reason=Reason("cancelled_by_user", "cancelled"), finished_at=made.created_at
    )
    note_status(ended)
    meta = RunFolder(made.run_dir).read_meta()
    assert (meta["status"], meta["reason"]) == ("cancelled", {"code": "cancelled_by_user", "message": "cancelled"})
    assert (meta["finished_at"], meta["name"]) == ("2026-11-22T09:30:00Z", "job-1")


def test_what_the_runner_wrote_is_left_alone(home, record):
    made = record()
    folder = lay_out(made, home, "h")
    folder.update_meta(status="failed", reason={"code": "exit_code", "message": "its own words"})
    note_status(msgspec.structs.replace(made, status="failed", reason=Reason("exit_code", "ours")))
    assert folder.read_meta()["reason"]["message"] == "its own words"


def test_a_deleted_folder_is_not_made_again_by_its_end(home, record):
    note_status(record())
    assert list((home / "runs").iterdir()) == []
