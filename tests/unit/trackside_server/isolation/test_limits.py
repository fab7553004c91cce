"""Each limit that was asked for is reported, with what enforces it."""

from __future__ import annotations

from pathlib import Path

import pytest

from trackside.models import Limit
from trackside_server.isolation import holes, limits


def test_only_what_was_asked_for_is_reported(tmp_path: Path) -> None:
    assert limits.report(tmp_path) == []
    assert limits.report(tmp_path, time=60.0) == [Limit("time", 60.0, True, "runner")]


def test_cpus_are_honestly_not_enforced(tmp_path: Path) -> None:
    assert limits.report(tmp_path, cpus=2.0) == [Limit("cpus", 2.0, False, "")]


def test_a_file_system_without_holes_cannot_bound_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holes, "punch_hole", lambda *_: False)
    limits._can_punch.cache_clear()
    assert limits.report(tmp_path, max_output=2**30) == [Limit("max_output", 2**30, False, "")]
    limits._can_punch.cache_clear()


def test_a_hole_gives_blocks_back_and_keeps_size_and_offsets(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a" * 4096 + b"b" * 40960 + b"c" * 4096)
    with path.open("r+b") as file:
        assert holes.given_back(file.fileno()) is None
        assert holes.punch_hole(file.fileno(), 4096, 40960)
        assert holes.given_back(file.fileno()) == (4096, 45056)
    assert path.read_bytes() == b"a" * 4096 + b"\0" * 40960 + b"c" * 4096
    assert path.stat().st_blocks * 512 < 40960


def test_a_folder_that_is_gone_can_punch_nothing(tmp_path: Path) -> None:
    assert not holes.can_punch(tmp_path / "gone")
