"""Jobs and runs as values."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from trackside.models import GpuRequest, JobSpec, Limit, Reason
from trackside_server.domain.record import JobChanges, JobRecord, RunRow, job_id, job_seq

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(("text", "seq"), [("job-41", 41), ("41", 41), (" job-7 ", 7)])
def test_an_id_may_be_written_with_or_without_its_prefix(text, seq):
    assert job_seq(text) == seq


@pytest.mark.parametrize("text", ["", "job-", "job-0", "0", "-1", "41a", "job-4.1", "baseline", "job-" + "9" * 19, "٤"])
def test_what_is_no_id_has_no_number(text):
    assert job_seq(text) is None


def test_every_id_reads_back():
    assert job_seq(job_id(10**17)) == 10**17


def test_a_job_on_the_wire_has_all_that_the_record_knows():
    record = JobRecord(
        seq=41, uuid="u", name="base", status="failed", reason=Reason("exit_code", "It ended with 3."), exit_code=3,
        created_at=NOW, started_at=NOW, finished_at=NOW, attempt=2, executor="slurm", gpus=("GPU-1",),
        limits=(Limit("memory", 8.0, True, "cgroup"),), peak_memory=5, run_dir="/runs/job-41",
        spec=JobSpec(command="false"),
    )  # fmt: skip
    job = record.to_wire("home-1", "It failed.")
    assert (job.id, job.run_id, job.uuid, job.home_id, job.name) == ("job-41", "job-41", "u", "home-1", "base")
    assert (job.status, job.reason, job.exit_code, job.message) == ("failed", record.reason, 3, "It failed.")
    assert (job.created_at, job.started_at, job.finished_at, job.attempt) == (NOW, NOW, NOW, 2)
    assert (job.executor, job.gpus, job.limits, job.peak_memory) == ("slurm", ["GPU-1"], [record.limits[0]], 5)
    assert (job.run_dir, job.spec, job.cancelling) == ("/runs/job-41", record.spec, False)


def test_a_job_without_a_name_is_called_by_its_id_on_the_wire():
    assert (
        JobRecord(seq=3, uuid="u", created_at=NOW, run_dir="/", spec=JobSpec(command="ls")).to_wire("h").name == "job-3"
    )


@pytest.mark.parametrize(("status", "cancelling"), [("running", True), ("cancelled", False)])
def test_only_an_unfinished_job_is_being_cancelled(status, cancelling):
    record = JobRecord(
        seq=3, uuid="u", status=status, created_at=NOW, run_dir="/", spec=JobSpec(command="ls"),
        cancel_requested=Reason("cancelled_by_user", "Cancelled."),
    )  # fmt: skip
    assert record.to_wire("h").cancelling is cancelling


def test_what_may_change_are_fields_of_the_record():
    assert set(JobChanges.__annotations__) < set(JobRecord.__struct_fields__)


def test_a_run_on_the_wire_has_all_that_the_row_knows():
    row = RunRow(
        id="local-1", uuid="u", name="n", status="failed", reason=Reason("exception", "KeyError"), run_dir="/r",
        job_id=None, tags=("a",), created_at=NOW, started_at=NOW, finished_at=NOW, duration_seconds=1.5,
        summary={"loss": 1}, config={"lr": 2}, meta_mtime_ns=7,
    )  # fmt: skip
    wire = msgspec.structs.asdict(row.to_wire("home-1"))
    kept = msgspec.structs.asdict(row)
    assert wire.pop("home_id") == "home-1"
    assert wire == {**{key: kept[key] for key in wire}, "tags": ["a"]}


def test_what_a_job_takes_is_that_of_all_its_attempts():
    record = JobRecord(
        seq=3, uuid="u", status="running", created_at=NOW, started_at=NOW, run_dir="/", gpus=("GPU-1", "GPU-2"),
        spec=JobSpec(command="ls", gpus=GpuRequest(2)), cost_per_hour=3.0, gpu_hours=1.0, cost=4.0,
    )  # fmt: skip
    later = NOW + timedelta(minutes=30)
    assert record.charged(later) == (2.0, 5.5)
    job = record.to_wire("h", now=later, currency="EUR")
    assert (job.gpu_hours, job.cost, job.cost_per_hour, job.currency) == (2.0, 5.5, 3.0, "EUR")


def test_hours_of_gpus_count_where_there_is_no_price_and_nothing_where_none_is_held():
    begun = {"uuid": "u", "status": "running", "created_at": NOW, "started_at": NOW, "run_dir": "/"}
    half = JobRecord(**begun, gpus=("GPU-1",), spec=JobSpec(command="ls", gpus=GpuRequest(0.5)))
    assert half.charged(NOW + timedelta(hours=1)) == (0.5, None)
    assert half.charged(NOW - timedelta(hours=1)) == (0.0, None)
    none = JobRecord(**begun, spec=JobSpec(command="ls"))
    assert none.to_wire("h", now=NOW + timedelta(hours=1), currency="EUR").currency == ""
