"""The verbs of a run: the file is there before its record, no key leads out, nothing raises that need not."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from trackside.errors import NotLoggable, RunClosedError
from trackside.tracking import Run, read_media
from trackside.tracking.media.naming import file_name


@pytest.fixture
def run() -> Run:
    return Run("media", system_metrics=False, capture_git=False, capture_pip=False)


def _file(run: Run, record: dict[str, object]) -> Path:
    return run.run_dir / "artifacts" / str(record["path"])


def test_each_verb_leaves_a_file_and_a_record_of_it(run: Run) -> None:
    run.log_image("val/sample", np.zeros((4, 6)), step=3, caption="black")
    run.log_table("errors", [{"a": 1}], step=3)
    run.log_text("notes", "hello\n", 3)
    run.log_histogram("weights", [1.0, 2.0], bins=4)
    records = read_media(run.run_dir)
    assert [(each["key"], each["kind"], each["step"]) for each in records] == [
        ("val/sample", "image", 3), ("errors", "table", 3), ("notes", "text", 3), ("weights", "histogram", None),
    ]  # fmt: skip
    assert records[0]["path"].startswith("media/val/sample/3-")  # type: ignore[attr-defined]  # a text
    assert (records[0]["width"], records[0]["height"], records[0]["caption"]) == (6, 4, "black")
    assert records[2]["excerpt"] == _file(run, records[2]).read_text() == "hello\n"
    assert json.loads(_file(run, records[3]).read_text())["counts"] == records[3]["counts"] == [1, 0, 0, 1]
    for record in records:
        assert record["size"] == _file(run, record).stat().st_size
        assert _file(run, record).stat().st_mode & 0o777 == 0o600
    assert not (run.run_dir / "metrics.jsonl").exists(), "metrics stay numbers only"


@pytest.mark.parametrize(
    "key", ["../x", "/etc/passwd", "a/../../b", "..", "./.hidden", "a\0b", "~", "x" * 256, "é" * 200 + "/" + "字" * 55]
)
def test_no_key_leads_out_of_its_folder(run: Run, key: str) -> None:
    run.log_text(key, "x", step=1)
    (record,) = read_media(run.run_dir)
    assert record["key"] == key
    assert (run.run_dir / "artifacts" / "media") in _file(run, record).resolve().parents
    assert not any(part.startswith(".") for part in Path(str(record["path"])).parts)
    assert run.dropped == 0


@pytest.mark.parametrize("key", ["", "  ", 3, "x" * 257])
def test_what_is_no_key_is_refused(run: Run, key: str) -> None:
    with pytest.raises(NotLoggable, match="key"):
        run.log_text(key, "x")
    assert read_media(run.run_dir) == []


def test_a_wrong_value_step_or_caption_is_refused_and_leaves_nothing(run: Run) -> None:
    with pytest.raises(NotLoggable, match="'notes': a int is not a text"):
        run.log_text("notes", 3)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(NotLoggable, match="step"):
        run.log_text("notes", "x", step="three")  # type: ignore[arg-type]  # on purpose
    with pytest.raises(NotLoggable, match="caption"):
        run.log_text("notes", "x", caption=3)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(TypeError, match=r"5\.0 MB are more than the 4 MB allowed"):
        run.log_text("notes", "x" * (5 << 20))
    assert not (run.run_dir / "artifacts" / "media").exists()


def test_nothing_is_logged_after_finish(run: Run) -> None:
    run.finish()
    with pytest.raises(RunClosedError):
        run.log_text("notes", "x")


def test_what_cannot_be_written_is_a_loss_and_leaves_no_file(run: Run) -> None:
    (run.run_dir / "media.jsonl").mkdir()
    run.log_text("notes", "x")
    assert run.dropped == 1
    assert [path for path in (run.run_dir / "artifacts").rglob("*") if path.is_file()] == []


def test_a_link_in_the_artifacts_is_not_followed_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (run.run_dir / "artifacts" / "media").symlink_to(tmp_path / "outside")
    run.log_text("notes", "x")
    assert run.dropped == 1
    assert list((tmp_path / "outside").iterdir()) == []


def test_threads_and_forked_children_write_whole_records_and_files_of_their_own(run: Run) -> None:
    def log() -> None:
        for step in range(20):
            run.log_text("notes", f"{os.getpid()}", step=step)

    threads = [threading.Thread(target=log) for _ in range(3)]
    child = os.fork()
    if child == 0:
        try:
            log()
        finally:
            os._exit(0)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    os.waitpid(child, 0)
    records = read_media(run.run_dir)
    assert len(records) == len({record["path"] for record in records}) == 80
    assert {_file(run, record).read_text() for record in records} == {str(os.getpid()), str(child)}


@pytest.mark.parametrize(
    ("step", "name"), [(3, "3-"), (0.5, "0.5-"), (-2.0, "-2-"), (10**40, "1e+40-"), (None, None), (True, "1-")]
)
def test_a_file_is_named_by_its_step(step: float | None, name: str | None) -> None:
    found = file_name("a", step, "png")
    assert found.startswith(f"media/a/{name or ''}")
    assert found != file_name("a", step, "png")


def test_nothing_is_imported_for_it_that_is_not_there_already() -> None:
    code = """
import sys, tempfile, os
os.environ["TRACKSIDE_HOME"] = tempfile.mkdtemp()
import trackside
run = trackside.init(system_metrics=False, capture_git=False, capture_pip=False)
assert not [name for name in sys.modules if "tracking.media." in name and name.rpartition(".")[2] in {"image", "table"}]
run.log_text("a", "b")
run.log_histogram("a", [1.0, 2.0])
heavy = {"numpy", "PIL", "matplotlib", "pandas", "polars", "pyarrow", "torch"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
