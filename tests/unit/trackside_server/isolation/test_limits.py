"""Each limit that was asked for is reported, with what enforces it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from trackside.models import Limit
from trackside_server.isolation import holes, limits
from trackside_server.isolation.limits import EngineFacts

GROUP = EngineFacts("cgroup1", True, "", ("memory", "cpus", "max_processes"))
ASKED = {"memory": 5, "cpus": 2.0, "cores": [0, 1], "max_iops": 9, "max_processes": 8}


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No engine has been tried yet, and none is forced."""
    monkeypatch.delenv(limits.ENGINE, raising=False)
    limits._tried.cache_clear()
    yield
    limits._tried.cache_clear()


def tried(monkeypatch: pytest.MonkeyPatch, *found: EngineFacts) -> None:
    """Let the engines have been tried with this outcome."""
    by_name = {facts.name: facts for facts in found}
    monkeypatch.setattr(limits, "_try_group", lambda name: by_name.get(name, EngineFacts(name, False, "no", ())))
    limits.engines()


def test_only_what_was_asked_for_is_reported(tmp_path: Path) -> None:
    assert limits.report(tmp_path) == []
    assert limits.report(tmp_path, time=60.0) == [Limit("time", 60.0, True, "runner")]


def test_before_the_engines_are_tried_nothing_is_promised_of_them(tmp_path: Path, untried: None) -> None:
    by = {limit.name: limit.by for limit in limits.report(tmp_path, **ASKED)}
    assert by == {"memory": "watchdog", "cpus": "", "cores": "affinity", "max_iops": "", "max_processes": "watchdog"}
    assert limits._tried.cache_info().currsize == 0


def test_each_limit_is_reported_with_the_best_engine_that_holds_it(
    tmp_path: Path, untried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried(monkeypatch, GROUP)
    by = {limit.name: limit.by for limit in limits.report(tmp_path, **ASKED)}
    assert by == {
        "memory": "cgroup1",
        "cpus": "cgroup1",
        "cores": "affinity",
        "max_iops": "",
        "max_processes": "cgroup1",
    }
    assert all(limit.enforced == bool(limit.by) for limit in limits.report(tmp_path, **ASKED))


def test_a_forced_engine_is_the_only_group_that_counts(
    tmp_path: Path, untried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried(monkeypatch, GROUP)
    monkeypatch.setenv(limits.ENGINE, "watchdog")
    assert limits.report(tmp_path, memory=5) == [Limit("memory", 5, True, "watchdog")]
    assert limits.report(tmp_path, cpus=2.0) == [Limit("cpus", 2.0, False, "")]


def test_engines_are_tried_once(untried: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(limits, "why_no_scope", lambda: None)
    monkeypatch.setattr(limits, "_trial", lambda engine, prefix: (asked.append(engine), ((), "no"))[1])
    assert limits.engines() == limits.engines()
    assert asked.count("systemd") == 1


def test_trying_is_begun_without_waiting_for_it(tmp_path: Path, untried: None, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()
    removed: list[str] = []
    monkeypatch.setattr(limits, "_try_group", lambda name: (goes_on.wait(10), EngineFacts(name, False, "no", ()))[1])
    monkeypatch.setattr(limits, "remove_leftovers", removed.append)
    thread = limits.prepare(tmp_path)
    assert limits.report(tmp_path, memory=5) == [Limit("memory", 5, True, "watchdog")]
    goes_on.set()
    thread.join(10)
    assert removed == [limits.group_name(tmp_path, "", 0).removesuffix(".0"), "trackside-trial-"]
    assert '"trackside-trial-' in Path(limits.__file__).with_name("trial.py").read_text(), (
        "a killed trial leaves others"
    )


def test_an_engine_that_holds_a_part_says_what_is_missing(untried: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_trial", lambda *_: (("memory", "cpus", "max_processes"), ""))
    monkeypatch.setattr(limits, "why_no_scope", lambda: None)
    monkeypatch.setattr(limits.os, "geteuid", lambda: 1000)
    systemd = limits.engines()[0]
    assert (systemd.name, systemd.available) == ("systemd", True)
    assert "does not hold cores and max_iops here" in systemd.why
    assert "Delegate=cpu cpuset io memory pids" in systemd.why


def test_a_trial_that_hangs_or_breaks_is_an_engine_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "systemd-run"
    program.write_text("#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n")
    program.chmod(0o755)
    assert limits._trial("systemd", [str(program)]) == ((), "It could not be tried: Failed to connect to bus.")
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(limits, "_TRIAL_TIMEOUT", 0.1)
    held, why = limits._trial("systemd", [str(program)])
    assert held == ()
    assert "timed out" in why


def test_a_real_trial_answers_in_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    held, why = limits._trial("cgroup2", [])
    assert bool(held) != bool(why)
    assert json.dumps(capfd.readouterr().err) == '""'


def test_two_homes_never_share_a_name_and_one_home_is_the_same_by_every_path(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    name = limits.group_name(tmp_path / "real", "job-7", 2)
    assert name.endswith("-job-7.2")
    assert name == limits.group_name(tmp_path / "link", "job-7", 2)
    assert name != limits.group_name(tmp_path / "other", "job-7", 2)


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
