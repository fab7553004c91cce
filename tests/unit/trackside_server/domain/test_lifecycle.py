"""The states of a job, and the ways between them."""

from itertools import product

import pytest

from trackside.errors import Conflict
from trackside.models import FINAL, STATUSES
from trackside_server.domain.lifecycle import TRANSITIONS, check_transition

_LEGAL = {(old, new) for old, following in TRANSITIONS.items() for new in following}


def test_every_status_has_its_row():
    assert set(TRANSITIONS) == set(STATUSES)
    assert {new for _, new in _LEGAL} <= set(STATUSES)


@pytest.mark.parametrize(("old", "new"), sorted(_LEGAL))
def test_a_legal_way_is_open(old, new):
    check_transition("job-1", old, new)


@pytest.mark.parametrize(("old", "new"), sorted(set(product(STATUSES, STATUSES)) - _LEGAL))
def test_any_other_way_is_refused_naming_both_ends(old, new):
    with pytest.raises(Conflict, match=f"job-1 is {old} and cannot become {new}"):
        check_transition("job-1", old, new)


def test_nothing_becomes_what_it_is():
    assert not {(status, status) for status in STATUSES} & _LEGAL


def test_what_is_completed_is_never_called_anything_else_but_waiting_again():
    assert TRANSITIONS["completed"] == {"pending"}


def test_every_job_can_end_in_every_way():
    for status in STATUSES:
        reached, new = {status}, {status}
        while new:
            new = {after for each in new for after in TRANSITIONS[each]} - reached
            reached |= new
        assert reached >= FINAL, status


def test_a_final_status_says_that_the_job_has_ended():
    with pytest.raises(Conflict, match="it has ended already"):
        check_transition("job-1", "cancelled", "running")
