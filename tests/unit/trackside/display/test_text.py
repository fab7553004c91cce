"""What a terminal shows reads like sentences."""

from datetime import UTC, datetime, timedelta

import pytest

from trackside.display import text
from trackside.models import Artifact, Gpu, GpuHolder, GpuReport, GpuRequest, Job, JobSpec, Limit, RunInfo

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def job(status="running", *, started=192, lasted=None, **fields):
    begun = None if started is None else NOW - timedelta(seconds=started)
    ended = None if lasted is None else begun + timedelta(seconds=lasted)
    made = {"id": "job-41", "uuid": "u", "home_id": "h", "run_id": "job-41", "run_dir": "/home/ann/ts/runs/job-41"}
    made |= {"name": "baseline", "created_at": NOW, "started_at": begun, "finished_at": ended}
    return Job(**(made | {"status": status, "spec": JobSpec(command="true")} | fields))


def test_a_card_says_what_holds_and_what_was_carried_in():
    made = job(
        gpus=["0", "1"],
        peak_memory=2**30,
        limits=[Limit("time", 7200, True, "runner"), Limit("memory", 2**33, False), Limit("cpus", 1, False)],
        spec=JobSpec(command="x", time=7200, memory=2**33),
    )
    assert text.job_card(made, NOW, carried="carried in: model 44 MB").splitlines() == [
        "baseline · job-41 · running · 03:12",
        "GPU 0, 1 · peak memory 1.0 GB · time 2 h, enforced · memory 8.0 GB, not enforced",
        "carried in: model 44 MB",
    ]


def test_the_card_of_a_finished_job_says_where_its_files_lie():
    assert "files in /home/ann/ts/runs/job-41" in text.job_card(job("completed", lasted=100), NOW)


def test_a_waiting_job_says_what_it_asked_for():
    waiting = job("pending", started=None, spec=JobSpec(command="x", gpus=GpuRequest(2, "a100")))
    assert "2 a100 GPUs" in text.job_card(waiting, NOW)


def test_columns_that_are_empty_are_left_out_and_the_others_stand_under_each_other():
    shown = text.job_table([job(), job(id="job-8", name="x")], {"running": 2, "pending": 1, "scheduled": 1}, NOW)
    lines = shown.splitlines()
    assert lines[0] == "2 running · 2 waiting"
    assert "GPUs" not in lines[2]
    assert lines[3].index("running") == lines[4].index("running") == lines[2].index("state")


def test_empty_lists_say_what_to_do():
    assert "%%submit" in text.job_table([], {}, NOW)
    assert "3 completed in all" in text.job_table([], {"completed": 3}, NOW)
    assert "%%track" in text.run_table([], "", NOW)
    assert "'tag:x'" in text.run_table([], "tag:x", NOW)
    assert text.artifact_list("job-41", [], NOW) == "job-41 has no artifacts."
    assert text.gpu_list(GpuReport([], "No NVIDIA driver here."), NOW) == "No NVIDIA driver here."


def test_runs_show_their_summary():
    run = RunInfo(
        id="local-1", uuid="u", home_id="h", name="lr-0.1", status="completed", run_dir="/r", tags=["a"],
        started_at=NOW, finished_at=NOW + timedelta(seconds=3), summary={"best": 0.123456, "epochs": 3, "note": "ok"},
    )  # fmt: skip
    assert "best 0.1235  epochs 3  note ok" in text.run_table([run], "", NOW)


def test_artifacts_are_listed_with_sizes_and_their_sum():
    files = [Artifact("a/model.pt", "model.pt", 2048, NOW), Artifact("b.csv", "b.csv", 1024, NOW)]
    shown = text.artifact_list("job-41", files, NOW, truncated=True)
    assert shown.startswith("job-41: 2 artifacts, 3.0 KB, and more that are not listed")
    assert "a/model.pt" in shown


def test_gpus_say_who_holds_them_and_since_when_they_idle():
    held = Gpu(
        0, "u", "H100", 2**36, 2**35, utilization=97.0, free=False, holders=[GpuHolder("job", "baseline", "job-41")]
    )
    idle = Gpu(1, "v", "H100", 2**36, free=False, holders=[
        GpuHolder("kernel", "analysis.ipynb", user="ann", idle_since=NOW - timedelta(hours=3))
    ])  # fmt: skip
    shown = text.gpu_list(GpuReport([held, idle, Gpu(2, "w", "H100", 2**36)]), NOW)
    assert shown.startswith("1 of 3 free")
    assert "baseline · 41" in shown
    assert "analysis.ipynb (ann) · idle 3 h" in shown


@pytest.mark.parametrize(
    ("value", "read"),
    [(0.123456, "0.1235"), (3.0, "3"), (1e9, "1e+09"), (float("nan"), "NaN"), (None, ""), ("x", "x"), (True, "True")],
)
def test_numbers_have_as_many_digits_as_people_read(value, read):
    assert text.number(value) == read
