"""One sentence for where a job stands."""

from datetime import UTC, datetime, timedelta

import pytest

from trackside.models import GpuRequest, JobSpec, Reason
from trackside_server.domain.explain import explain, sentence
from trackside_server.domain.plan import Machine, Running, Snapshot
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
