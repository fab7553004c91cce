"""How an attempt ended, from what is known of it."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from trackside_server.runner.stop import StopRequest
from trackside_server.runner.verdict import Facts, judge

CANCEL = StopRequest("cancelled_by_user", "cancelled by alice", 10.0)
TOO_LONG = StopRequest("time_limit", "ran longer than its time limit of 5 s", 10.0)


def told(facts: Facts) -> tuple[object, object, object]:
    verdict: dict[str, Any] = judge(facts)
    return verdict["status"], verdict["reason"] and verdict["reason"]["code"], verdict["exit_code"]


@pytest.mark.parametrize(
    ("facts", "status", "reason", "exit_code"),
    [
        (Facts(0), "completed", None, 0),
        (Facts(3 << 8), "failed", "exit_code", 3),
        (Facts(1 << 8, exception="ValueError: no"), "failed", "exception", 1),
        (Facts(0, exception="ValueError: left by somebody"), "completed", None, 0),
        (Facts(signal.SIGKILL), "failed", "signal", -9),
        (Facts(signal.SIGSEGV | 0x80), "failed", "signal", -11),
        (Facts(signal.SIGKILL, kernel_oom=True), "failed", "out_of_memory", -9),
        (Facts(signal.SIGTERM, kernel_oom=True), "failed", "signal", -15),
        (Facts(signal.SIGTERM, stop=CANCEL), "cancelled", "cancelled_by_user", -15),
        (Facts(0, stop=CANCEL), "cancelled", "cancelled_by_user", 0),
        (Facts(signal.SIGKILL, stop=TOO_LONG), "failed", "time_limit", -9),
        (Facts(None), "failed", "lost", None),
        (Facts(None, stop=CANCEL), "cancelled", "cancelled_by_user", None),
    ],
)
def test_status_reason_and_exit_code(facts: Facts, status: str, reason: str | None, exit_code: int | None) -> None:
    assert told(facts) == (status, reason, exit_code)


def test_a_signal_is_named_even_when_it_has_no_name() -> None:
    verdict: dict[str, Any] = judge(Facts(40))
    assert verdict["reason"]["message"] == "was killed by signal 40"
    verdict = judge(Facts(signal.SIGABRT))
    assert verdict["reason"]["message"] == "was killed by SIGABRT (signal 6)"


def test_a_process_killed_for_its_memory_is_the_reason_of_whatever_failure_follows() -> None:
    over = "needed more memory than its limit"
    for status in (9, 3 << 8):
        answer = judge(Facts(status, over_memory=over))
        assert (answer["status"], answer["reason"]) == ("failed", {"code": "out_of_memory", "message": over})
    assert judge(Facts(0, over_memory=over))["status"] == "completed"
    asked = StopRequest("cancelled_by_user", "cancelled", 1.0)
    assert judge(Facts(9, asked, over_memory=over))["status"] == "cancelled"
    assert judge(Facts(None, over_memory=over))["reason"] == {"code": "lost", "message": "ended, and nobody saw how"}


def test_half_a_character_of_an_exception_is_no_reason_to_have_no_readable_end() -> None:
    verdict: dict[str, Any] = judge(Facts(256, exception="ValueError: \udc80.txt"))
    assert verdict["reason"]["message"].endswith("ValueError: ?.txt")
