"""A handle shows where its job stands now, and does to it what its methods say."""

import asyncio
import json
import pickle
import threading

import pytest

import trackside
from trackside.errors import Conflict, InvalidInput, JobFailed, NotFound, ServerUnreachable, WaitTimeout
from trackside.sdk.job import Job


@pytest.fixture
def job(fake_server):
    return trackside.submit(["true"], name="baseline")


@pytest.fixture(autouse=True)
def always_fresh(monkeypatch):
    monkeypatch.setattr("trackside.sdk.job._FRESH", -1.0)


def test_an_existing_job_is_found_by_name_id_and_number(job):
    assert trackside.job("baseline") == trackside.job("job-1") == trackside.job(1) == job
    assert len({trackside.job(1), job}) == 1
    with pytest.raises(NotFound):
        trackside.job("nobody")


def test_properties_follow_the_server(job, fake_server):
    assert (job.status, job.is_running, job.is_terminal) == ("pending", False, False)
    fake_server.run()
    assert (job.status, job.is_running) == ("running", True)
    fake_server.end(status="failed", code="exit_code", message="It ended with exit code 3.", exit_code=3)
    assert (job.is_terminal, job.exit_code, job.reason.code) == (True, 3, "exit_code")
    assert job.run_dir == fake_server.home / "runs" / "job-1"


def test_a_server_that_is_away_leaves_what_was_last_known(job, monkeypatch):
    def away(reference):
        raise ServerUnreachable("no server")

    monkeypatch.setattr(job.client.jobs, "get", away)
    assert job.status == "pending"
    assert "pending" in repr(job)
    with pytest.raises(ServerUnreachable):
        job.refresh()


def test_a_finished_job_is_not_asked_about_again(job, fake_server):
    fake_server.end()
    assert job.is_terminal
    asked = len(fake_server.requests)
    assert job.status == "completed"
    assert len(fake_server.requests) == asked


def test_its_repr_is_for_people(job, fake_server):
    assert repr(job) == "<Job 1 baseline pending>"
    fake_server.run()
    assert repr(job) == "<Job 1 baseline running · 00:00>"


def test_without_our_formatter_a_front_end_still_gets_its_name(job):
    bundle = job._repr_mimebundle_(include=None, exclude=None)
    assert bundle["application/vnd.trackside.run+json"]["uuid"] == "u1"
    assert bundle["text/plain"] == repr(job)


def test_it_is_cancelled_retried_explained_and_deleted(job, fake_server):
    assert job.cancel() is job
    assert job.facts.cancelling
    assert job.explain() == "needs 2 GPUs"
    fake_server.end(status="cancelled")
    job.refresh()
    with pytest.raises(Conflict):
        job.stop()
    assert job.retry(memory="16G").status == "pending"
    assert ("POST", "jobs/job-1/retry", {"memory": "16G"}) in fake_server.requests
    fake_server.end()
    job.delete()
    with pytest.raises(NotFound):
        job.refresh()


def test_waiting_returns_the_job_at_its_end(job, fake_server):
    threading.Timer(0.05, fake_server.end).start()
    assert job.wait(timeout=10) is job
    assert job.status == "completed"


def test_waiting_too_long_is_a_timeout_and_the_job_goes_on(job):
    with pytest.raises(WaitTimeout):
        job.wait(timeout=0.05)
    with pytest.raises(TimeoutError):
        job.wait(timeout=0.05)
    assert job.status == "pending"


def test_a_finished_job_is_awaited_without_a_request(job, fake_server):
    fake_server.end()
    job.refresh()

    async def main():
        return await job

    assert asyncio.run(main()) is job


def test_logs_are_the_last_lines(job, fake_server):
    fake_server.logs["job-1"] = "one\ntwo\n"
    assert job.logs() == "one\ntwo\n"
    assert job.logs(binary=True) == b"one\ntwo\n"


def test_it_travels_as_its_name(job):
    again = pickle.loads(pickle.dumps(job))
    assert isinstance(again, Job)
    assert again == job


def test_metrics_are_a_table_read_from_the_run_folder(job, fake_server):
    assert job.metrics().empty
    lines = [{"_idx": 0, "step": 0, "loss": 1.0}, {"_idx": 1, "step": 1, "loss": "NaN"}]
    (job.run_dir / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    frame = job.metrics()
    assert frame["loss"].iloc[0] == 1.0
    assert frame["loss"].isna().iloc[1]


def test_values_of_a_failed_job_are_the_reason_and_what_it_said(job, fake_server):
    fake_server.logs["job-1"] = "Traceback …\nValueError: bad\n"
    fake_server.end(status="failed", code="exit_code", message="It ended with exit code 1.")
    with pytest.raises(
        JobFailed, match=r"job 1 \(baseline\) failed: It ended with exit code 1. It said at the end:\nTrace"
    ):
        job.result()


def test_a_job_without_outputs_has_no_result(job, fake_server):
    fake_server.end()
    with pytest.raises(NotFound, match="Nothing was to come back from job-1"):
        job.result()


def test_a_folder_that_is_another_runs_is_not_read(job, fake_server):
    (job.run_dir / "meta.json").write_text('{"uuid": "somebody else"}')
    fake_server.end()
    with pytest.raises(InvalidInput, match="not on this machine"):
        job.result()
