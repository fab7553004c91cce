"""Dependencies: met, open or broken, and how that is told."""

from datetime import UTC, datetime

import pytest

from trackside.models import STATUSES, Dependency, JobSpec, Reason
from trackside_server.domain.dependencies import Awaited, awaited, broken, judge, waits_for
from trackside_server.domain.record import JobRecord

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("condition", "met", "in_vain"),
    [
        ("ok", {"completed"}, {"failed", "cancelled"}),
        ("any", {"completed", "failed", "cancelled"}, set()),
        ("failed", {"failed"}, {"completed", "cancelled"}),
    ],
)
def test_a_condition_is_met_broken_or_still_open(condition, met, in_vain):
    verdicts = {status: judge(Dependency("job-3", condition), status) for status in STATUSES}
    assert {status for status, verdict in verdicts.items() if verdict == "met"} == met
    assert {status for status, verdict in verdicts.items() if verdict == "broken"} == in_vain
    assert judge(Dependency("job-3", condition), None) == "broken"


def test_a_job_says_whom_it_waits_for_and_how_far_that_is():
    spec = JobSpec(command="true", time=3600)
    record = JobRecord(
        seq=3, uuid="u", name="base", status="running", created_at=NOW, started_at=NOW, run_dir="/r", spec=spec
    )
    until = datetime(2026, 11, 22, 10, 30, tzinfo=UTC).astimezone()
    assert waits_for(Dependency("job-3"), awaited(record)) == (
        f"waits for base (job-3) to complete; it is running, until {until:%H:%M} at the latest"
    )
    assert (
        waits_for(Dependency("job-3", "failed"), Awaited("job-3", "pending"))
        == "waits for job-3 to fail; it is pending"
    )
    assert waits_for(Dependency("job-3", "any"), None) == "waits for job-3 to end"


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (None, "job-3, which it waited for, was deleted"),
        (Awaited("base (job-3)", "cancelled"), "base (job-3), which it waited for, was cancelled"),
        (Awaited("job-3", "failed", Reason("signal", "killed by SIGKILL")), "job-3, which it waited for, failed: killed by SIGKILL"),
        (Awaited("job-3", "failed"), "job-3, which it waited for, failed"),
        (Awaited("job-3", "completed"), "job-3 completed, and it waited for its failure"),
    ],
)  # fmt: skip
def test_a_broken_dependency_names_the_job_and_how_it_ended(job, said):
    assert broken(Dependency("job-3"), job) == Reason("dependency_failed", said)
