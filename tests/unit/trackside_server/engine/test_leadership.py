"""On a network home the server that shows signs of life leads; silence is measured by the one that waits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trackside_server.engine.leadership import Heartbeat, SchedulerLock, leadership

PERIOD = 10.0


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_leads_at_once_and_the_second_waits_as_long_as_it_lives(tmp_path: Path) -> None:
    clock = Clock()
    first, second = Heartbeat(tmp_path, PERIOD, clock), Heartbeat(tmp_path, PERIOD, clock)
    assert first.take()
    for _ in range(20):
        assert not second.take()
        clock.now += PERIOD
        assert first.keep()


def test_who_falls_silent_is_replaced_after_six_periods_and_a_settled_claim(tmp_path: Path) -> None:
    clock = Clock()
    first, second = Heartbeat(tmp_path, PERIOD, clock), Heartbeat(tmp_path, PERIOD, clock)
    assert first.take()
    assert not second.take()
    clock.now = 59
    assert not second.take()
    assert first.holder() == second.holder()
    clock.now = 60
    assert not second.take(), "a claim that has not settled counts already"
    clock.now = 70
    assert not second.take()
    assert not first.keep(), "the old leader did not see the claim"
    clock.now = 75
    assert second.take()
    assert not first.take()


def test_of_two_that_claim_at_once_the_last_leads(tmp_path: Path) -> None:
    clock = Clock()
    dead, *claimants = (Heartbeat(tmp_path, PERIOD, clock) for _ in range(3))
    assert dead.take()
    for one in claimants:
        one.take()
    clock.now = 60
    second_thoughts = (tmp_path / "scheduler.json").read_bytes()
    claimants[0].take()
    (tmp_path / "scheduler.json").write_bytes(second_thoughts)  # as the other saw it, before the first one's claim
    claimants[1].take()
    clock.now = 80
    assert [one.take() for one in claimants] == [False, True]


def test_a_dead_process_of_this_host_need_not_be_waited_for(tmp_path: Path) -> None:
    clock = Clock()
    gone = Heartbeat(tmp_path, PERIOD, clock)
    assert gone.take()
    path = tmp_path / "scheduler.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"start_time": 1}))
    heir = Heartbeat(tmp_path, PERIOD, clock)
    assert not heir.take()
    clock.now = 15
    assert heir.take()


def test_a_lead_given_back_is_free_at_once(tmp_path: Path) -> None:
    clock = Clock()
    first, second = Heartbeat(tmp_path, PERIOD, clock), Heartbeat(tmp_path, PERIOD, clock)
    assert first.take()
    assert not second.take()
    first.release()
    assert second.take()
    assert [path.name for path in tmp_path.iterdir()] == ["scheduler.json"]


@pytest.mark.parametrize(("said", "kind"), [("1", Heartbeat), ("0", SchedulerLock)])
def test_the_environment_says_whether_the_home_is_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, kind: type
) -> None:
    monkeypatch.setenv("TRACKSIDE_NETWORK_HOME", said)
    assert isinstance(leadership(tmp_path), kind)
