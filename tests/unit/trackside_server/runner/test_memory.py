"""The watch over memory where a control group holds the limit."""

from __future__ import annotations

import os
from pathlib import Path

from trackside_server.isolation.groups import Group
from trackside_server.runner.memory import MemoryWatch

LIMIT = 100 * 2**20


def group(folder: Path, *, used: int, kills: int = 0, peak: int = 0) -> Group:
    """Return a group that the kernel describes so."""
    (folder / "memory.stat").write_text(f"anon {used}\nfile 9999999999\nshmem 0\n")
    (folder / "memory.events").write_text(f"oom 1\noom_kill {kills}\n")
    (folder / "memory.peak").write_text(f"{peak}\n")
    return Group("cgroup2", [str(folder)])


def test_the_kernel_acts_and_the_watch_only_keeps_the_peak(tmp_path: Path) -> None:
    watch = MemoryWatch(LIMIT, group(tmp_path, used=LIMIT * 3))
    assert watch.look([os.getpid()])[0] is None
    assert watch.peak == LIMIT * 3
    assert watch.over_limit() is None


def test_a_kill_by_the_kernel_is_told_with_peak_and_limit(tmp_path: Path) -> None:
    watch = MemoryWatch(LIMIT, group(tmp_path, used=5, kills=1, peak=LIMIT))
    said = watch.over_limit()
    assert said is not None
    assert said.startswith("needed more memory than its limit of 100.0 MB (peak 100.0 MB)")
    assert watch.peak == LIMIT


def test_a_kill_for_others_is_not_laid_to_the_limit_of_the_job(tmp_path: Path) -> None:
    said = MemoryWatch(LIMIT, group(tmp_path, used=5, kills=1, peak=LIMIT // 2)).over_limit()
    assert said is not None
    assert "limit" not in said
    assert "had used only 50.0 MB" in said


def test_the_files_that_the_kernel_kept_are_no_peak_of_a_job_that_ended_well(tmp_path: Path) -> None:
    watch = MemoryWatch(LIMIT, group(tmp_path, used=5, peak=LIMIT))
    watch.look([])
    watch.over_limit()
    assert watch.peak == 5


def test_without_a_group_nobody_asks_one() -> None:
    watch = MemoryWatch(1)
    said, _ = watch.look([os.getpid()])
    assert said is not None
    assert "more than its limit" in said
    assert watch.over_limit() is None
