import argparse
import contextlib
import json
import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import trackside
from trackside.errors import InvalidInput, NotFound, RunClosedError
from trackside.probes.process import ProcessId
from trackside.tracking import Run, RunFolder, current, ending, init, log, read_meta, read_metrics, read_progress
from trackside.tracking.current import current_run


def _quick(name: str | None = None, **options: object) -> Run:
    return init(name, system_metrics=False, capture_git=False, capture_pip=False, **options)  # type: ignore[arg-type]


def _meta(run: Run) -> dict[str, object]:
    return json.loads((run.run_dir / "meta.json").read_bytes())  # type: ignore[no-any-return]


@pytest.fixture
def job(home: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """The folder of a job as the server and the runner leave it, and this process as one of the job's."""
    folder = RunFolder(home / "runs" / "job-1")
    folder.create()
    folder.meta.write_text(
        json.dumps({"run_id": "job-1", "uuid": "u", "name": "baseline", "status": "running", "tags": ["a"]})
    )
    folder.config.write_text(json.dumps({"lr": 0.1, "clip": "Infinity"}))
    monkeypatch.setenv("TRACKSIDE_RUN_DIR", str(folder.path))
    monkeypatch.setenv("TRACKSIDE_JOB_ID", "job-1")
    return folder


@pytest.fixture(autouse=True)
def no_last_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(current, "_last", None)
    yield
    for run in list(ending.open_runs):
        run.finish()


class TestOutsideAJob:
    def test_a_run_has_a_folder_of_its_own_below_the_home(self, home: Path) -> None:
        run = _quick()
        assert run.run_dir == home / "runs" / run.run_id
        assert run.run_id.startswith("local-20")
        assert len(run.run_id) == len("local-20261122-093000-k3f9x2")
        assert _quick().run_id != run.run_id
        assert {path.stat().st_mode & 0o777 for path in (home, home / "runs", run.run_dir)} == {0o700}

    def test_while_it_runs_its_meta_names_the_process(self, home: Path) -> None:
        run = _quick("baseline", tags=["a", "b", "a"])
        meta = _meta(run)
        assert (meta["run_id"], meta["id"], meta["name"]) == (run.run_id, run.run_id, "baseline")
        assert (meta["status"], meta["reason"], meta["finished_at"], meta["duration_seconds"]) == (
            "running", None, None, None,
        )  # fmt: skip
        assert meta["tags"] == run.tags == ["a", "b"]
        assert ProcessId.from_dict(meta["process"]) == ProcessId.of()  # type: ignore[arg-type]
        assert meta["home_id"] == json.loads((home / "home.json").read_bytes())["home_id"]
        assert len(str(meta["uuid"])) == 32

    def test_a_name_that_is_not_given_is_the_id(self) -> None:
        run = _quick()
        assert run.name == run.run_id == _meta(run)["name"]

    def test_finish_completes_it_once(self) -> None:
        run = _quick()
        run.finish()
        first = _meta(run)
        assert (first["status"], first["reason"], run.status) == ("completed", None, "completed")
        assert isinstance(first["duration_seconds"], float)
        assert str(first["finished_at"]) >= str(first["started_at"])
        run.finish()
        assert _meta(run) == first

    def test_the_block_of_a_with_statement_decides_how_it_ends(self) -> None:
        with _quick() as fine:
            pass
        with pytest.raises(ZeroDivisionError), _quick() as broken:
            _ = 1 / 0
        with pytest.raises(SystemExit), _quick() as left:
            raise SystemExit(3)
        with pytest.raises(SystemExit), _quick() as well:
            raise SystemExit(0)
        with pytest.raises(KeyboardInterrupt), _quick() as interrupted:
            raise KeyboardInterrupt
        assert [_meta(run)["status"] for run in (fine, broken, left, well, interrupted)] == [
            "completed", "failed", "failed", "completed", "failed",
        ]  # fmt: skip
        assert _meta(broken)["reason"] == {"code": "exception", "message": "ZeroDivisionError: division by zero"}
        assert _meta(left)["reason"] == {"code": "exit_code", "message": "Exit code 3."}
        assert _meta(interrupted)["reason"]["code"] == "signal"  # type: ignore[index]

    def test_after_its_end_every_verb_says_so(self, tmp_path: Path) -> None:
        run = _quick()
        run.finish()
        for verb in (
            lambda: run.log({"loss": 1}),
            lambda: run.summary({"loss": 1}),
            lambda: run.save_artifact(tmp_path),
            lambda: run.progress(1, 2),
        ):
            with pytest.raises(RunClosedError, match=run.run_id):
                verb()
            with pytest.raises(RuntimeError):
                verb()

    def test_a_home_that_cannot_be_used_is_said_at_the_start(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("TRACKSIDE_HOME", str(tmp_path / "file" / "home"))
        with pytest.raises(InvalidInput, match="TRACKSIDE_HOME"):
            _quick()

    def test_git_packages_and_machine_are_captured_by_default(self) -> None:
        with init(system_interval=0.05) as run:
            run.log({"loss": 1})
        meta = _meta(run)
        assert meta["requirements_file"] == "requirements.txt"
        assert "pytest==" in (run.run_dir / "requirements.txt").read_text()
        samples = [json.loads(line) for line in (run.run_dir / "system.jsonl").read_text().splitlines()]
        assert {"_timestamp", "cpu_percent", "memory_percent", "process_memory"} <= set(samples[-1])

    def test_nothing_is_captured_that_is_not_wanted(self) -> None:
        with _quick() as run:
            pass
        names = {path.name for path in run.run_dir.iterdir() if not path.name.startswith(".")}
        assert names == {"meta.json", "config.json", "artifacts"}


@dataclass
class Settings:
    lr: float


class TestConfig:
    @pytest.mark.parametrize(
        "config", [{"lr": 0.1}, argparse.Namespace(lr=0.1), Settings(0.1), vars(argparse.Namespace(lr=0.1))]
    )
    def test_it_is_kept_and_cannot_be_changed(self, config: object) -> None:
        run = _quick(config=config)
        assert run.config == {"lr": 0.1}
        with pytest.raises(TypeError):
            run.config["lr"] = 1  # type: ignore[index]
        assert json.loads((run.run_dir / "config.json").read_text()) == {"lr": 0.1}

    def test_without_one_the_file_is_there_and_empty(self) -> None:
        run = _quick()
        assert run.config == {}
        assert json.loads((run.run_dir / "config.json").read_text()) == {}

    def test_values_are_given_back_as_they_were_given(self) -> None:
        run = _quick(config={"where": Path("x"), "clip": math.inf})
        assert run.config == {"where": Path("x"), "clip": math.inf}
        assert json.loads((run.run_dir / "config.json").read_text()) == {"where": "x", "clip": "Infinity"}

    def test_what_has_no_fields_is_refused_and_no_run_is_made(self, home: Path) -> None:
        with pytest.raises(InvalidInput, match="config"):
            _quick(config=[1, 2])
        assert not home.exists()


class TestSummary:
    def test_later_values_are_added(self) -> None:
        with _quick() as run:
            run.summary({"best": 0.1, "epoch": {"best": 3}})
            run.summary({"best": math.nan})
        assert _meta(run)["summary"] == {"best": "NaN", "epoch/best": 3}
        summary = read_meta(run.run_dir)["summary"]
        assert math.isnan(summary["best"])  # type: ignore[index]

    def test_a_value_that_is_none_names_its_key(self) -> None:
        with pytest.raises(TypeError, match="best"):
            _quick().summary({"best": object()})


class TestArtifacts:
    def test_a_file_and_a_folder_are_saved(self, tmp_path: Path) -> None:
        run = _quick()
        (tmp_path / "a.txt").write_text("a")
        assert run.save_artifact(tmp_path / "a.txt") == run.run_dir / "artifacts" / "a.txt"
        assert run.save_artifact(str(tmp_path / "a.txt"), "b/c.txt").read_text() == "a"

    def test_a_full_disk_is_a_loss_and_a_missing_file_an_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = _quick()
        with pytest.raises(NotFound, match="nowhere"):
            run.save_artifact(tmp_path / "nowhere")

        def full(*_arguments: object) -> None:
            raise OSError(28, "No space left on device")

        (tmp_path / "a.txt").write_text("a")
        monkeypatch.setattr("shutil.copy2", full)
        assert run.save_artifact(tmp_path / "a.txt") == run.run_dir / "artifacts" / "a.txt"
        assert run.dropped == 1


class TestProgress:
    def test_the_last_state_is_there_at_the_end(self) -> None:
        with _quick() as run:
            for i in range(1, 6):
                run.progress(i, 10)
        found = read_progress(run.run_dir)
        assert found is not None
        assert (found["i"], found["total"]) == (5, 10)

    def test_progress_of_items_goes_to_the_current_run(self) -> None:
        run = _quick()
        assert list(trackside.progress("abc")) == ["a", "b", "c"]
        found = read_progress(run.run_dir)
        assert found is not None
        assert (found["i"], found["total"]) == (3, 3)

    def test_progress_without_a_run_just_passes_the_items(self) -> None:
        assert list(trackside.progress(iter([1, 2]), total=2)) == [1, 2]


class TestCurrentRun:
    def test_without_one_log_says_what_to_do(self) -> None:
        with pytest.raises(NotFound, match=r"trackside\.init\(\)"):
            log({"loss": 1})

    def test_log_goes_to_the_newest_open_run(self) -> None:
        first = _quick()
        second = Run(system_metrics=False, capture_git=False, capture_pip=False)
        log({"run": 2}, step=0)
        second.finish()
        log({"run": 1}, step=0)
        assert current_run() is first
        assert [read_metrics(run.run_dir / "metrics.jsonl")[0]["run"] for run in (first, second)] == [1, 2]

    def test_after_the_last_one_is_finished_log_says_so(self) -> None:
        run = _quick()
        run.finish()
        with pytest.raises(RunClosedError, match=run.run_id):
            log({"loss": 1})


class TestInAJob:
    def test_log_alone_writes_to_the_jobs_run(self, job: RunFolder) -> None:
        log({"loss": 0.5}, step=0)
        assert current_run().run_dir == job.path
        assert [record["loss"] for record in read_metrics(job.metrics)] == [0.5]

    def test_init_takes_up_what_the_server_wrote(self, job: RunFolder) -> None:
        run = _quick("other", config={"epochs": 3}, tags=["b"])
        assert (run.run_id, run.name, run.tags) == ("job-1", "baseline", ["a", "b"])
        assert run.config == {"lr": 0.1, "clip": math.inf, "epochs": 3}
        assert json.loads(job.config.read_text()) == {"lr": 0.1, "clip": "Infinity", "epochs": 3}
        meta = _meta(run)
        assert (meta["uuid"], meta["name"], meta["tags"]) == ("u", "baseline", ["a", "b"])
        assert meta["metrics_file"] == "metrics.jsonl"

    def test_a_job_without_a_name_gets_that_of_init(self, job: RunFolder) -> None:
        job.update_meta(name="job-1")
        assert _quick("baseline").name == "baseline"
        assert job.read_meta()["name"] == "baseline"

    def test_the_final_status_is_left_to_the_runner(self, job: RunFolder) -> None:
        run = _quick()
        run.summary({"best": 1})
        run.finish()
        meta = job.read_meta()
        assert (meta["status"], meta.get("finished_at"), meta["summary"]) == ("running", None, {"best": 1})

    def test_init_again_is_the_same_run(self, job: RunFolder) -> None:
        first = _quick()
        assert _quick(config={"more": 1}, tags=["c"]) is first
        assert first.config["more"] == 1
        assert "c" in first.tags
        first.finish()
        log({"loss": 1})
        assert [record["_idx"] for record in read_metrics(job.metrics)] == [0]

    def test_the_next_attempt_goes_on_without_a_gap(self, job: RunFolder) -> None:
        for attempt in range(3):
            run = _quick()
            for i in range(4):
                run.log({"attempt": attempt}, step=i)
            run.finish()
        assert [record["_idx"] for record in read_metrics(job.metrics)] == list(range(12))

    def test_one_process_of_an_attempt_captures_for_all(self, job: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
        captured = []
        for attempt in ("1", "1", "2"):
            monkeypatch.setenv("TRACKSIDE_ATTEMPT", attempt)
            Run(capture_git=False).finish()
            captured.append(job.requirements.exists())
            job.requirements.unlink(missing_ok=True)
        assert captured == [True, False, True]

    def test_several_hosts_write_files_of_their_own(self, job: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TRACKSIDE_NODE_RANK", "2")
        _quick().log({"loss": 1})
        assert not job.metrics.exists()
        assert len(read_metrics(job.metrics)) == 1
        assert read_metrics(job.rank_metrics(2))[0]["_idx"] == 2 << 40

    def test_a_folder_that_is_gone_costs_records_not_the_work(
        self, job: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("TRACKSIDE_RUN_DIR", str(tmp_path / "nowhere"))
        run = _quick(config={"lr": 1}, tags=["a"])
        run.log({"loss": 1})
        run.summary({"loss": 1})
        run.progress(1, 1)
        run.finish()
        assert run.dropped >= 4
        assert len(caplog.records) == 1
        assert not (tmp_path / "nowhere").exists()

    def test_a_damaged_meta_is_made_whole(self, job: RunFolder) -> None:
        job.meta.write_text("{")
        _quick("baseline")
        meta = job.read_meta()
        assert (meta["run_id"], meta["name"], meta["status"]) == ("job-1", "baseline", "running")


def test_a_run_that_was_removed_under_the_work_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    import shutil

    run = _quick()
    run.log({"loss": 1})
    shutil.rmtree(run.run_dir)
    for i in range(100):
        run.log({"loss": 1}, step=i)
    run.finish()
    assert run.dropped >= 100
    assert len(caplog.records) == 1
    assert not run.run_dir.exists()


def test_no_thread_and_no_file_outlives_a_run() -> None:
    """What earlier tests left running may end meanwhile; nothing new may be there."""
    descriptors, threads = _open_files(), set(threading.enumerate())
    with init(system_interval=0.01) as run:
        run.log({"loss": 1})
    assert set(threading.enumerate()) <= threads
    assert _open_files().items() <= descriptors.items()


def _open_files() -> dict[str, str]:
    """Every open descriptor of this process and what it leads to, but the one that looks."""
    found = {}
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found[path.name] = str(path.readlink())
    return found


def test_its_repr_is_for_people() -> None:
    run = _quick("baseline")
    assert repr(run) == f"<Run {run.run_id} baseline running>"
