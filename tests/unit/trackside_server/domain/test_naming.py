"""Which of several jobs with one name is meant."""

from datetime import UTC, datetime

import pytest

from trackside.errors import AmbiguousName, NotFound
from trackside.models import JobSpec
from trackside_server.domain.naming import ended, one_of, unfinished
from trackside_server.domain.record import JobRecord


def jobs(*statuses):
    """Newest first, as the store finds them."""
    return [
        JobRecord(seq=len(statuses) - n, uuid="u", name="x", status=status, created_at=datetime.now(UTC), run_dir="/r", spec=JobSpec(command="true"))
        for n, status in enumerate(statuses)
    ]  # fmt: skip


def test_who_only_looks_gets_the_newest():
    assert one_of(jobs("pending", "running", "failed"), [], "x", "job").id == "job-3"


def test_a_verb_gets_the_only_one_that_it_can_be_about():
    found = jobs("failed", "running", "completed")
    assert one_of(found, [], "x", "job", unfinished).id == "job-2"
    assert one_of(found[:2], [], "x", "job", ended).id == "job-3"


def test_several_that_can_be_meant_are_refused_with_their_ids():
    with pytest.raises(AmbiguousName, match=r"2 jobs are called 'x': job-3 \(failed\), job-1 \(completed\)") as caught:
        one_of(jobs("failed", "running", "completed"), [], "x", "job", ended)
    assert caught.value.hint == "Use the id; job-3 is the newest."


def test_where_none_can_be_meant_the_verb_itself_says_why():
    assert one_of(jobs("failed", "completed"), [], "x", "job", unfinished).id == "job-2"


def test_nothing_found_names_what_is_near():
    with pytest.raises(NotFound, match="'baseline'") as caught:
        one_of([], ["baseline"], "baselin", "job")
    assert caught.value.code == "job_not_found"
