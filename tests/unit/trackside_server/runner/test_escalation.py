"""When a tree that has to end is asked to, and when it is made to."""

from __future__ import annotations

from trackside_server.runner.escalation import Escalation
from trackside_server.runner.stop import StopRequest


def request(grace: float, code: str = "cancelled_by_user") -> StopRequest:
    return StopRequest(code, "why", grace)


def test_nothing_is_due_while_nobody_wants_an_end() -> None:
    escalation = Escalation()
    assert escalation.steps(100.0, main_runs=True) == []
    assert escalation.due_at() is None


def test_a_request_asks_the_main_process_once_then_waits_for_the_grace_time() -> None:
    escalation = Escalation()
    escalation.request(request(10.0), now=100.0)
    assert escalation.steps(100.0, main_runs=True) == ["ask main"]
    assert escalation.steps(105.0, main_runs=True) == []
    assert escalation.due_at() == 110.0
    assert escalation.steps(110.0, main_runs=True) == ["kill"]


def test_killing_is_repeated_soon_at_first_and_slower_later() -> None:
    escalation = Escalation()
    escalation.request(request(0.0), now=100.0)
    assert escalation.steps(100.0, main_runs=True) == ["kill"]
    assert escalation.due_at() == 100.05
    assert escalation.steps(100.01, main_runs=True) == ["ask main"]
    assert escalation.steps(100.05, main_runs=True) == ["kill"]
    assert escalation.steps(106.0, main_runs=True) == ["kill"]
    assert escalation.due_at() == 107.0


def test_what_the_main_process_leaves_is_asked_then_killed() -> None:
    escalation = Escalation()
    escalation.main_ended(100.0, grace=10.0)
    assert escalation.steps(100.0, main_runs=False) == ["ask rest"]
    assert escalation.steps(109.0, main_runs=False) == []
    assert escalation.steps(110.0, main_runs=False) == ["kill"]


def test_a_main_process_that_ends_in_the_grace_time_gives_the_rest_no_more_time() -> None:
    escalation = Escalation()
    escalation.request(request(5.0), now=100.0)
    escalation.main_ended(103.0, grace=10.0)
    assert escalation.due_at() == 105.0


def test_the_first_reason_stands_and_a_later_request_can_only_shorten_the_time() -> None:
    escalation = Escalation()
    escalation.request(request(60.0), now=100.0)
    escalation.request(request(600.0, "preempted"), now=101.0)
    assert escalation.due_at() == 160.0
    escalation.request(request(1.0, "time_limit"), now=102.0)
    assert escalation.due_at() == 103.0
    assert escalation.stop is not None
    assert escalation.stop.code == "cancelled_by_user"
