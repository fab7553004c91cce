"""Jobs as futures: done, exception, and functions that are called at their end."""

import threading

import pytest

import trackside
from trackside.errors import JobFailed, WaitTimeout


@pytest.fixture
def job(fake_server):
    return trackside.submit("true", name="n")


def test_a_callback_is_called_once_when_the_job_has_ended(job, fake_server):
    called, over = [], threading.Event()
    job.add_done_callback(
        lambda ended: (called.append((ended, ended.known.status, threading.current_thread().name)), over.set())
    )
    assert not called
    assert not job.done()
    fake_server.run()
    fake_server.end(status="failed")
    assert over.wait(10)
    assert called == [(job, "failed", "trackside-callbacks")]
    assert job.done()


def test_a_job_that_has_ended_calls_at_once_and_here(job, fake_server):
    fake_server.end()
    called = []
    job.add_done_callback(lambda ended: called.append(threading.current_thread()))
    assert called == [threading.current_thread()]


def test_a_callback_that_fails_keeps_no_other_from_its_turn(fake_server, caplog):
    jobs = [trackside.submit("true", name=f"n{number}") for number in range(3)]
    over = threading.Semaphore(0)
    for job in jobs:
        job.add_done_callback(lambda ended: 1 / 0)
        job.add_done_callback(lambda ended: over.release())
    for job in reversed(jobs):
        fake_server.end(job.id)
    for _ in jobs:
        assert over.acquire(timeout=10)
    assert caplog.text.count("a callback of job-") == 3
    later = trackside.submit("true", name="later")  # after a time in which nothing was waited for
    later.add_done_callback(lambda ended: over.release())
    fake_server.end(later.id)
    assert over.acquire(timeout=10)


def test_an_exception_is_what_the_result_would_raise(job, fake_server):
    with pytest.raises(WaitTimeout):
        job.exception(timeout=0.05)
    fake_server.end(status="failed", code="exit_code", message="It ended with exit code 3.", exit_code=3)
    error = job.exception()
    assert isinstance(error, JobFailed)
    assert "exit code 3" in str(error)
    fine = trackside.submit("true", name="fine")
    fake_server.end(fine.id)
    assert fine.exception() is None
