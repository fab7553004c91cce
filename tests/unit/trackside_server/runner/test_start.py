"""What a runner does when the group that it made cannot be entered."""

from __future__ import annotations

from pathlib import Path

import pytest

from trackside_server.isolation.groups import NO_GROUP, Group
from trackside_server.runner import runner
from trackside_server.runner.confine import Confinement
from trackside_server.runner.order import Order
from trackside_server.runner.spawn import GroupError


def test_the_limits_fall_to_the_watchdog_and_the_group_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "group").mkdir()
    limits: list[dict[str, object]] = [{"name": "memory", "value": 9.0, "enforced": True, "by": "cgroup2"}]
    order = Order("/runs/job-1", 1, ["a"], {}, "/", [], 1.0, None, 9, None, limits, {}, group="g")
    starts: list[object] = []

    def spawn(*_: object, group: Group = NO_GROUP, cores: object = ()) -> int:
        starts.append(group)
        if group.folders:
            raise GroupError("Permission denied")
        return 4711

    monkeypatch.setattr(runner, "spawn", spawn)
    first = Confinement(Group("cgroup2", [str(tmp_path / "group")]), ["memory"], (), limits)
    pid, confinement = runner._spawn(order, first, 1)
    assert (pid, confinement.group, confinement.held) == (4711, NO_GROUP, [])
    assert confinement.limits[0]["by"] == "watchdog"
    assert not (tmp_path / "group").exists()
    assert len(starts) == 2
