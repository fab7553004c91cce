"""Where a job stands is said in a few words."""

from datetime import UTC, datetime, timedelta

import pytest

from trackside.models import GpuRequest, Job, JobSpec, Progress, Reason, RunInfo
from trackside.sdk.standing import clock, count, elapsed, state, summary_line

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def job(status="running", *, started=192, lasted=None, **fields):
    begun = None if started is None else NOW - timedelta(seconds=started)
    ended = None if lasted is None else begun + timedelta(seconds=lasted)
    made = {"id": "job-41", "uuid": "u", "home_id": "h", "run_id": "job-41", "run_dir": "/home/ann/ts/runs/job-41"}
    made |= {"name": "baseline", "created_at": NOW, "started_at": begun, "finished_at": ended}
    return Job(**(made | {"status": status, "spec": JobSpec(command="true")} | fields))


@pytest.mark.parametrize(
    ("seconds", "read"),
    [(0, "00:00"), (192.9, "03:12"), (3792, "1:03:12"), (2 * 86400 + 61, "2 d 00:01:01"), (-5, "00:00")],
)
def test_a_clock_shows_minutes_and_seconds(seconds, read):
    assert clock(seconds) == read


def test_elapsed_time_stops_at_the_end_and_begins_at_the_start():
    assert elapsed(job(), NOW) == 192
    assert elapsed(job("completed", lasted=100), NOW) == 100
    assert elapsed(job("pending", started=None), NOW) is None


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (job(), "running · 03:12"),
        (job(progress=Progress(i=3)), "running · 03:12 · step 3"),
        (
            job(progress=Progress(i=37, total=100, rate=0.05, label="epoch", part=0.5, at=NOW - timedelta(seconds=50))),
            "running · 03:12 · epoch 37 of 100 · 20 min left",
        ),
        (job(progress=Progress(i=9, total=9, rate=1.0)), "running · 03:12 · 9 of 9"),
        (job(cancelling=True), "cancelling · 03:12"),
        (
            job("pending", started=None, message="needs 2 GPUs, 1 of 4 is free"),
            "pending · needs 2 GPUs, 1 of 4 is free",
        ),
        (job("completed", lasted=48), "completed in 48 s"),
        (job("failed", lasted=48, exit_code=3, reason=Reason("exit_code", "…")), "failed · exit code 3 after 48 s"),
        (job("failed", lasted=660, reason=Reason("out_of_memory", "…")), "failed · out of memory after 11 min"),
        (
            job("failed", lasted=5, reason=Reason("exception", "ValueError: bad.")),
            "failed · ValueError: bad · after 5.0 s",
        ),
        (job("failed", started=None, reason=Reason("start_failed", "…")), "failed · start failed"),
        (job("cancelled", lasted=12, reason=Reason("cancelled_by_user", "…")), "cancelled after 12 s"),
        (job("failed", started=None), "failed"),
    ],
)
def test_where_a_job_stands_is_said_in_a_few_words(made, said):
    assert state(made, NOW) == said


def test_a_run_which_has_no_exit_code_of_its_own_says_the_one_in_its_reason():
    run = RunInfo(
        id="job-41",
        uuid="u",
        home_id="h",
        name="baseline",
        run_dir="/r",
        status="failed",
        reason=Reason("exit_code", "ended with exit code 2"),
        started_at=NOW - timedelta(seconds=48),
        finished_at=NOW,
    )
    assert state(run, NOW) == "failed · exit code 2 after 48 s"


@pytest.mark.parametrize(("n", "said"), [(0, "0 GPUs"), (1, "1 GPU"), (0.5, "0.5 GPU"), (2, "2 GPUs")])
def test_counts_agree_with_their_word(n, said):
    assert count(n, "GPU") == said


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (job(spec=JobSpec(command="x", gpus=GpuRequest(2))), "41 baseline running · 2 GPUs · 03:12"),
        (job("pending", started=None), "41 baseline pending"),
        (job("completed", lasted=2460, started=2460), "41 baseline completed · 41 min"),
        (job("failed", lasted=660, reason=Reason("out_of_memory", "…")), "41 baseline failed · out of memory · 11 min"),
    ],
)
def test_a_job_is_one_line(made, said):
    assert summary_line(made, NOW) == said
