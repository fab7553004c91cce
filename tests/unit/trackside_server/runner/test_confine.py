"""What holds an attempt, where groups are not to be had or hold only a part."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trackside_server.isolation.bases import Base
from trackside_server.isolation.groups import NO_GROUP
from trackside_server.runner import confine as confining
from trackside_server.runner.confine import confine, runs_on
from trackside_server.runner.order import Order


def order(limits: dict[str, object], engine: str = "auto") -> Order:
    """Return an order with these limits, reported as the server does before anything held."""
    told: list[dict[str, object]] = [{"name": "time", "value": 60.0, "enforced": True, "by": "runner"}]
    told += [{"name": name, "value": 1.0, "enforced": False, "by": ""} for name in limits]
    plain = Order("/runs/job-1", 1, ["a"], {}, "/", [], 1.0, 60.0, None, None, told, {})
    return plain._replace(group="trackside-job", limits_engine=engine, **limits)


def by(limits: list[dict[str, object]]) -> dict[object, object]:
    assert all(limit["enforced"] == bool(limit["by"]) for limit in limits)
    return {limit["name"]: limit["by"] for limit in limits}


def test_no_limit_costs_not_even_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confining, "find_base", lambda *_: pytest.fail("it looked for groups"))
    asked = order({})
    found = confine(asked)
    assert (found.group, found.held, found.limits) == (NO_GROUP, [], asked.limits)


def test_without_groups_each_limit_falls_to_what_is_left() -> None:
    core = min(os.sched_getaffinity(0))
    asked = order({"memory": 9, "cpus": 2.0, "cores": [core], "max_iops": 5, "max_processes": 7}, "watchdog")
    found = confine(asked)
    assert (found.group, found.held, found.cores) == (NO_GROUP, [], [core])
    watched = {"memory": "watchdog", "cores": "affinity", "max_processes": "watchdog", "cpus": "", "max_iops": ""}
    assert by(found.limits) == {"time": "runner", **watched}


def test_what_a_group_does_not_hold_falls_to_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = Base("systemd", {"memory": str(tmp_path), "cores": str(tmp_path)})
    monkeypatch.setattr(confining, "find_base", lambda engine: base)
    core = min(os.sched_getaffinity(0))
    found = confine(order({"memory": 2**20, "cores": [core], "max_iops": 5}))
    assert found.group.folders == [str(tmp_path / "trackside-job")]
    assert found.held == ["memory"]
    assert found.cores == [core]
    assert by(found.limits) == {"time": "runner", "memory": "systemd", "cores": "affinity", "max_iops": ""}


def test_cores_that_are_not_there_bind_nothing() -> None:
    before = os.sched_getaffinity(0)
    assert not runs_on([4000])
    assert not runs_on([min(before), 4000])
    assert runs_on([min(before)])
    assert os.sched_getaffinity(0) == before
