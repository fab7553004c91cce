"""What the engine hands to an executor keeps its secrets."""

from __future__ import annotations

from pathlib import Path

from trackside_server.executors.base import AttemptRef, Launch


def test_a_launch_hides_its_environment() -> None:
    launch = Launch(
        ref=AttemptRef("job-1", Path("/runs/job-1"), 1),
        argv=["/bin/true"],
        environment={"TOKEN": "sesame"},
        workdir=Path("/"),
    )
    assert "sesame" not in repr(launch)
    assert "TOKEN" not in repr(launch)
