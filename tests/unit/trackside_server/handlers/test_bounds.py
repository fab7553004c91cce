"""How many requests one caller may send."""

import pytest

from trackside.errors import TooManyRequests
from trackside_server.handlers.bounds import Bounds


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def taken(bounds, caller, tries):
    count = 0
    for _ in range(tries):
        try:
            bounds.take(caller)
        except TooManyRequests:
            continue
        count += 1
    return count


def test_a_moment_may_have_ten_seconds_worth_and_the_long_run_no_more_than_its_rate():
    clock = Clock()
    bounds = Bounds(5, clock)
    assert taken(bounds, "ann", 100) == 50
    clock.now = 2.0
    assert taken(bounds, "ann", 100) == 10
    clock.now = 1000.0
    assert taken(bounds, "ann", 100) == 50


def test_one_caller_takes_nothing_from_another():
    bounds = Bounds(1, Clock())
    assert taken(bounds, "ann", 20) == 10
    assert taken(bounds, "ben", 20) == 10


def test_nought_is_any_number():
    assert taken(Bounds(0, Clock()), "ann", 10_000) == 10_000


def test_a_caller_that_is_told_to_wait_is_told_what_helps():
    bounds = Bounds(0.1, Clock())
    bounds.take("ann")
    with pytest.raises(TooManyRequests, match="follow events and logs"):
        bounds.take("ann")
