"""What a terminal shows reads like sentences."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from trackside.display import text
from trackside.models import (
    Artifact,
    Blocker,
    Cost,
    DryRun,
    Explanation,
    Gpu,
    GpuHolder,
    GpuReport,
    GpuRequest,
    Job,
    JobSpec,
    Limit,
    RunInfo,
)

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def job(status="running", *, started=192, lasted=None, **fields):
    begun = None if started is None else NOW - timedelta(seconds=started)
    ended = None if lasted is None else begun + timedelta(seconds=lasted)
    made = {"id": "job-41", "uuid": "u", "home_id": "h", "run_id": "job-41", "run_dir": "/home/ann/ts/runs/job-41"}
    made |= {"name": "baseline", "created_at": NOW, "started_at": begun, "finished_at": ended}
    return Job(**(made | {"status": status, "spec": JobSpec(command="true")} | fields))


def test_a_card_says_what_holds_and_what_was_carried_in():
    made = job(
        gpus=["GPU-8f3a1c2d-0000-4b1e", "MIG-77c0a1b2-0000-4b1e"],
        peak_memory=2**30,
        limits=[Limit("time", 7200, True, "runner"), Limit("memory", 2**33, False), Limit("cpus", 1, False)],
        spec=JobSpec(command="x", time=7200, memory=2**33),
    )
    assert text.job_card(made, NOW, carried="carried in: model 44 MB").splitlines() == [
        "baseline · job-41 · running · 03:12",
        "GPU-8f3a1c2d, MIG-77c0a1b2 · peak memory 1.0 GB · time 2 h, enforced by runner · memory 8.0 GB, not enforced here",
        "carried in: model 44 MB",
    ]


@pytest.mark.parametrize(
    ("status", "taken", "said"),
    [
        ("running", {"cost_per_hour": 2.5, "cost": 5.0, "currency": "EUR", "gpu_hours": 2.0},
         "2.50 EUR an hour, 5.00 EUR and 2 GPU-hours so far"),
        ("completed", {"cost_per_hour": 2.5, "cost": 5.0, "currency": "$", "gpu_hours": 1.0}, "$5.00 and 1 GPU-hour"),
        ("completed", {"gpu_hours": 0.25}, "0.25 GPU-hours"),
        ("completed", {}, ""),
    ],
)  # fmt: skip
def test_what_a_job_takes_is_told_in_money_and_in_hours_of_gpus(status, taken, said):
    assert text.cost_words(job(status, **taken)) == said
    assert said in text.job_card(job(status, **taken), NOW)


@pytest.mark.parametrize("status", ["pending", "running"])
def test_a_job_that_may_hold_gpus_for_ever_is_told_calmly_and_no_other(status):
    said = "no time limit: it holds its GPU until it ends by itself"
    assert said in text.job_card(job(status, spec=JobSpec(command="x", gpus=GpuRequest(1))), NOW)
    for spec in (JobSpec(command="x"), JobSpec(command="x", gpus=GpuRequest(1), time=60)):
        assert "no time limit" not in text.job_card(job(status, spec=spec), NOW)


def test_a_finished_job_holds_nothing():
    finished = job("completed", lasted=100, spec=JobSpec(command="x", gpus=GpuRequest(1)))
    assert "no time limit" not in text.job_card(finished, NOW)


def test_warnings_stand_below_the_gpus():
    report = GpuReport([Gpu(0, "GPU-1", "A100", 2**30)])
    shown = text.gpu_list(report, NOW, ["analysis.ipynb holds GPU 0 and idles for 3 h."])
    assert shown.endswith("\n\nanalysis.ipynb holds GPU 0 and idles for 3 h.")


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


def test_whatever_a_run_is_called_its_row_is_one_line_of_the_screen():
    def run(name, **more):
        return RunInfo(id="local-1", uuid="u", home_id="h", name=name, status="running", run_dir="/r", **more)

    odd = run("two\nlines \x1b[31m" + "x" * 500, tags=["é\t"], summary={"no\nte": "a\r" + "y" * 500})
    head, row, other = text.run_table([odd, run("plain", started_at=NOW)], "", NOW).splitlines()
    assert (r"two\nlines \x1b[31mxxx" in row, r"é\t" in row, r"no\nte a\ry" in row) == (True, True, True)
    assert len(row) < 200
    assert row.count("…") == 2
    assert head.index("state") == other.index("running")
    cut = text.run_table([odd], "", NOW, 115)
    assert max(map(len, cut.splitlines())) == 115


def test_artifacts_are_listed_with_sizes_and_their_sum():
    files = [Artifact("a/model.pt", "model.pt", 2048, NOW), Artifact("b.csv", "b.csv", 1024, NOW)]
    shown = text.artifact_list("job-41", files, NOW, truncated=True)
    assert shown.startswith("job-41: 2 artifacts, 3.0 KB, and more that are not listed")
    assert "a/model.pt" in shown
    few = text.artifact_list("job-41", files, NOW, most=1)
    assert few.startswith("job-41: 2 artifacts, 3.0 KB\n")
    assert ("b.csv" in few, few.endswith("\n… and 1 more")) == (False, True)


def holders(*held, **more):
    report = GpuReport([Gpu(0, "u", "H100", 2**36, 2**35, utilization=97.0, free=False, holders=list(held), **more)])
    return text.gpu_list(report, NOW).splitlines()[-1].partition("97 %")[2].strip()


def test_gpus_say_who_holds_them_since_when_and_until_when():
    hours = timedelta(hours=1)
    clocks = text.when(NOW - hours, NOW), text.when(NOW + hours, NOW)
    job = GpuHolder("job", "baseline", "job-41", "ann", NOW - hours, NOW + hours, share=0.5)
    assert holders(job) == f"baseline · 41 (ann) · 0.5 of it · since {clocks[0]} · until {clocks[1]} at the latest"
    kernel = GpuHolder("kernel", "analysis.ipynb", user="ann", idle_since=NOW - 3 * hours, memory=30 << 30)
    assert holders(kernel) == "kernel analysis.ipynb (ann) · 30.0 GB · idle 3 h"
    process = GpuHolder("process", "python train.py", user="bob", pid=4242, memory=18 << 30)
    other = GpuHolder("other", "job-7 of another home", user="bob")
    assert holders(process, other) == "python train.py · process 4242 (bob) · 18.0 GB, job-7 of another home (bob)"
    assert holders(GpuHolder("unseen", "a program that cannot be seen from here", memory=2**30)).endswith(
        "here · 1.0 GB"
    )
    assert holders(process, error="GPU is lost") == "not handed out: GPU is lost"


def test_gpus_are_counted_by_whether_they_are_free():
    gpus = [Gpu(0, "u", "H100", 2**36, free=False), Gpu(1, "v", "H100", 2**36), Gpu(2, "w", "H100", 2**36)]
    assert text.gpu_list(GpuReport(gpus), NOW).startswith("2 of 3 free")


@pytest.mark.parametrize(
    ("value", "read"),
    [(0.123456, "0.1235"), (3.0, "3"), (1e9, "1e+09"), (float("nan"), "NaN"), (None, ""), ("x", "x"), (True, "True")],
)
def test_numbers_have_as_many_digits_as_people_read(value, read):
    assert text.number(value) == read


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (Limit("memory", 2**33, True, "cgroup2"), "memory 8.0 GB, enforced by cgroup2"),
        (Limit("max_iops", 500, False), "max iops 500, not enforced here"),
        (Limit("max_output", 2**30, True, "runner"), "max output 1.0 GB, enforced by runner"),
        (Limit("cores", 2, True, "affinity"), "cores 2, enforced by affinity"),
    ],
)
def test_a_limit_says_what_holds_it_or_that_nothing_does(limit, said):
    assert text.limit_words(limit) == said


def test_on_a_screen_only_the_states_of_jobs_are_cut():
    waits = job("pending", message="waits for a job of a long name to complete; it is running", started=None)
    whole = text.job_table([waits], {"pending": 1}, NOW)
    cut = text.job_table([waits], {"pending": 1}, NOW, 50)
    assert max(map(len, cut.splitlines())) == 50
    assert "…" in cut
    assert cut.splitlines()[-1].endswith(text.when(NOW, NOW))
    assert text.job_table([waits], {"pending": 1}, NOW, 200) == whole
    assert len(text.job_table([waits], {"pending": 1}, NOW, 5)) > 20


def test_a_gpu_that_does_not_answer_has_no_memory_to_show():
    lost = Gpu(6, "u", "unknown GPU", 0, error="GPU is lost")
    assert "bytes" not in text.gpu_list(GpuReport([lost]), NOW)


def test_a_dry_run_says_whether_it_would_wait():
    free = DryRun(JobSpec(command="x"), [], Explanation("job-1", "pending", "starts now"))
    assert text.dry_run(free) == "Nothing was submitted. It would start now."
    priced = msgspec.structs.replace(free, host="box", cost=Cost(2.0, 2.5, 5.0, "EUR"))
    assert text.dry_run(priced).splitlines() == [
        "Nothing was submitted. It would start now on box.",
        "It costs up to 2.50 EUR an hour, 5.00 EUR in all, 2 GPU-hours.",
    ]
    assert text.dry_run(msgspec.structs.replace(free, cost=Cost(1.0))).endswith("It takes up to 1 GPU-hour.")
    why = Blocker("cpus", "needs 4 CPUs")
    waits = DryRun(JobSpec(command="x"), [], Explanation("job-1", "pending", "needs 4 CPUs", [why]))
    assert text.dry_run(waits) == "Nothing was submitted. It would wait: needs 4 CPUs."
