"""One sentence for where a job stands."""

from datetime import UTC, datetime, timedelta

import pytest

from trackside.models import GpuRequest, JobSpec, Reason
from trackside_server.domain.explain import explain, sentence
from trackside_server.domain.gpus import Machine
from trackside_server.domain.plan import Running, Snapshot
from trackside_server.domain.record import JobRecord

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def job(status="pending", **more):
    return JobRecord(
        seq=41, uuid="u", status=status, created_at=NOW, run_dir="/r", spec=JobSpec(command="true"), **more
    )


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (job(), "starts now"),
        (job(cancel_requested=Reason("cancelled_by_user", "cancelled")), "is being cancelled"),
        (job("running", cancel_requested=Reason("cancelled_by_user", "cancelled")), "is being cancelled"),
        (job("running", started_at=NOW - timedelta(seconds=90)), "running for 2 min"),
        (job("running", started_at=NOW + timedelta(seconds=1)), "running for 0.0 s"),
        (job("completed", started_at=NOW, finished_at=NOW + timedelta(seconds=3)), "completed in 3.0 s"),
        (job("completed"), "completed"),
        (job("failed", reason=Reason("exit_code", "ended with exit code 3"), started_at=NOW, finished_at=NOW), "ended with exit code 3 after 0.0 s"),
        (job("failed", started_at=NOW, finished_at=NOW - timedelta(seconds=5)), "failed after 0.0 s"),
        (job("failed", reason=Reason("out_of_memory", "needed more; it was killed"), started_at=NOW, finished_at=NOW), "needed more; it was killed (after 0.0 s)"),
        (job("cancelled", reason=Reason("cancelled_by_user", "cancelled")), "cancelled"),
    ],
)  # fmt: skip
def test_a_status_is_told_in_a_few_words(record, said):
    assert sentence(record, [], NOW) == said


def test_a_waiting_job_is_explained_by_what_the_plan_would_do():
    busy = Snapshot(Machine(1.0), [], [Running("job-1", "job-1", 1.0)])
    said = explain(job(), busy, NOW)
    assert (said.id, said.status, said.message) == (
        "job-41",
        "pending",
        "needs 1 CPU, 0 of 1 are free; job-1 holds the rest",
    )
    assert [blocker.code for blocker in said.blockers] == ["cpus"]


def test_a_job_that_is_being_started_waits_for_nothing():
    assert explain(job(), None, NOW).message == "starts now"


def test_several_blockers_stand_one_after_the_other():
    asks = JobRecord(seq=2, uuid="u", created_at=NOW, run_dir="/r", spec=JobSpec(command="true", gpus=GpuRequest(1)))
    said = explain(asks, Snapshot(Machine(1.0), [], [Running("job-1", "job-1", 1.0)]), NOW)
    assert [blocker.code for blocker in said.blockers] == ["cpus", "gpus"]
    assert said.message == "; ".join(blocker.message for blocker in said.blockers)


FREE = Snapshot(Machine(1.0), [], [])


def test_a_scheduled_job_says_when_it_starts_and_how_long_that_is():
    later = NOW + timedelta(hours=2)
    said = explain(job("scheduled", not_before=later), FREE, NOW)
    assert said.message == f"starts at {later.astimezone():%H:%M}, in 2 h"
    assert [blocker.code for blocker in said.blockers] == ["at"]
    tomorrow = NOW + timedelta(hours=30)
    assert (
        f"{tomorrow.astimezone():%Y-%m-%d %H:%M}" in explain(job("scheduled", not_before=tomorrow), FREE, NOW).message
    )


def test_a_job_that_waits_for_others_says_that_instead_of_what_is_free():
    said = explain(job(), FREE, NOW, ["waits for job-3 to complete; it is running"])
    assert (said.message, said.blockers[0].code) == ("waits for job-3 to complete; it is running", "dependency")
    both = explain(job("scheduled", not_before=NOW + timedelta(hours=1)), FREE, NOW, ["waits for job-3"])
    assert [blocker.code for blocker in both.blockers] == ["at", "dependency"]


def test_a_paused_queue_comes_before_every_other_reason():
    paused = Snapshot(Machine(1.0), [], [], paused="the queue is paused")
    assert explain(job(), paused, NOW).message == "the queue is paused"
    assert explain(job(), paused, NOW, ["waits for job-3"]).message == "the queue is paused; waits for job-3"


def test_a_job_between_two_attempts_says_which_comes_and_why():
    because = Reason("exit_code", "ended with exit code 1")
    spec = JobSpec(command="true", retries=2)
    record = JobRecord(
        seq=41, uuid="u", status="scheduled", created_at=NOW, run_dir="/r", spec=spec, retried=1,
        not_before=NOW + timedelta(seconds=20), last_end=because,
    )  # fmt: skip
    assert explain(record, FREE, NOW).message == "attempt 2 of 3 in 20 s: ended with exit code 1"


def test_a_forecast_stands_in_the_sentence_and_by_itself():
    ends_by = NOW + timedelta(minutes=10)
    busy = Snapshot(Machine(1.0), [], [Running("job-1", "job-1", 1.0, ends_by=ends_by)], NOW)
    said = explain(job(), busy, NOW, forecast=True)
    assert said.starts_about == ends_by
    assert said.message.endswith(f"; starts at {ends_by.astimezone():%H:%M} at the latest")
    assert explain(job(), busy, NOW).starts_about is None
