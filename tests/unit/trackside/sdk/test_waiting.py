"""Waiting for several jobs follows ``concurrent.futures``."""

import pytest

import trackside
from trackside.errors import InvalidInput, WaitTimeout


@pytest.fixture
def jobs(fake_server):
    return [trackside.submit("true", name=f"n{number}") for number in range(3)]


def test_all_jobs_are_waited_for(jobs, fake_server):
    for number in (1, 2, 3):
        fake_server.end(f"job-{number}")
    done, not_done = trackside.wait(jobs, timeout=10)
    assert done == set(jobs)
    assert not_done == set()


def test_jobs_come_as_they_end_and_may_be_named(jobs, fake_server):
    fake_server.end("job-2")
    ended = trackside.as_completed(["n0", "job-2", 3], timeout=10)
    assert next(ended) == jobs[1]
    fake_server.end("job-3")
    fake_server.end("job-1")
    assert {job.id for job in ended} == {"job-1", "job-3"}


def test_the_first_end_is_enough_when_asked(jobs, fake_server):
    fake_server.end("job-3")
    done, not_done = trackside.wait(jobs, timeout=10, return_when="FIRST_COMPLETED")
    assert done == {jobs[2]}
    assert not_done == set(jobs[:2])


def test_the_first_failure_is_enough_when_asked(jobs, fake_server):
    fake_server.end("job-1")
    fake_server.end("job-2", status="failed")
    done, _ = trackside.wait(jobs, timeout=10, return_when="FIRST_EXCEPTION")
    assert jobs[1] in done
    assert jobs[2] not in done


def test_after_the_timeout_both_sets_are_returned(jobs, fake_server):
    fake_server.end("job-1")
    assert trackside.wait(jobs, timeout=0.1) == ({jobs[0]}, set(jobs[1:]))
    with pytest.raises(WaitTimeout):
        list(trackside.as_completed(jobs, timeout=0.1))


def test_another_word_for_when_is_refused():
    with pytest.raises(InvalidInput, match="return_when: 'LATER' is not known"):
        trackside.wait([], return_when="LATER")


def test_one_job_is_a_list_of_one(jobs, fake_server):
    fake_server.end("job-1")
    assert trackside.wait(jobs[0], timeout=10).done == {jobs[0]}
