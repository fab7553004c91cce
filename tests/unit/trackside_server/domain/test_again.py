"""Which ends are tried again, when, and what is said of it."""

from datetime import UTC, datetime, timedelta

import pytest

from trackside.models import JobSpec, Reason
from trackside_server.domain.again import again, keeps_secrets, retry_sentence
from trackside_server.domain.attempt import Exit
from trackside_server.domain.record import JobRecord

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def job(retries=3, retried=0, requeue=False, **more):
    spec = JobSpec(command="true", retries=retries, requeue=requeue)
    return JobRecord(seq=41, uuid="u", created_at=NOW, run_dir="/r", retried=retried, spec=spec, **more)


def ended(code, status="failed"):
    return Exit(status=status, reason=code and Reason(code, f"it was {code}"), finished_at=NOW)


@pytest.mark.parametrize("code", ["exit_code", "exception", "signal", "out_of_memory", "start_failed"])
def test_an_end_of_the_jobs_own_making_is_tried_again(code):
    following = again(job(), ended(code), NOW)
    assert (following.status, following.retried, following.because.code) == ("scheduled", 1, code)


@pytest.mark.parametrize("code", ["time_limit", "lost", "machine_restarted", "dependency_failed"])
def test_an_end_that_would_come_again_or_may_not_be_one_is_final(code):
    assert again(job(), ended(code), NOW) is None


def test_success_a_cancel_and_the_last_failure_are_final():
    assert again(job(), ended(None, "completed"), NOW) is None
    assert again(job(), ended("cancelled_by_user", "cancelled"), NOW) is None
    assert again(job(cancel_requested=Reason("cancelled_by_user", "")), ended("signal"), NOW) is None
    assert again(job(retries=0), ended("exit_code"), NOW) is None
    assert again(job(retries=3, retried=3), ended("exit_code"), NOW) is None


def test_pauses_double_up_to_ten_minutes():
    pauses = [(again(job(100, done), ended("exit_code"), NOW).not_before - NOW).seconds for done in (0, 1, 2, 5, 6, 99)]
    assert pauses == [10, 20, 40, 320, 600, 600]


def test_a_restart_of_the_machine_costs_no_retry_and_no_pause():
    following = again(job(retries=0, requeue=True), ended("machine_restarted"), NOW)
    assert (following.status, following.retried, following.not_before) == ("pending", 0, None)


def test_secrets_stay_only_while_another_attempt_may_come_by_itself():
    assert [keeps_secrets(job(2, done)) for done in (0, 1, 2)] == [True, True, False]
    assert keeps_secrets(job(0, requeue=True))


def test_a_pause_is_told_with_the_attempt_that_follows_and_why():
    because = Reason("exit_code", "ended with exit code 1")
    soon = job(2, 1, status="scheduled", not_before=NOW + timedelta(seconds=20), last_end=because)
    assert retry_sentence(soon, NOW) == "attempt 2 of 3 in 20 s: ended with exit code 1"
    assert retry_sentence(job(2, 1, last_end=because), NOW) == "attempt 2 of 3: ended with exit code 1"
    restarted = job(0, last_end=Reason("machine_restarted", "box was restarted while it ran"))
    assert retry_sentence(restarted, NOW) == "queued again: box was restarted while it ran"
    assert retry_sentence(job(), NOW) == ""
