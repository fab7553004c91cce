"""What the files of a home tell doctor."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from pathlib import Path

import pytest

from trackside_server.engine import surroundings
from trackside_server.engine.surroundings import home_findings, orphans, template_finding


@pytest.fixture
def home(tmp_path):
    place = tmp_path / "home"
    place.mkdir(mode=0o700)
    (place / "run").mkdir()
    with sqlite3.connect(place / "trackside.db") as store:
        store.execute("create table t (x)")
    (place / "trackside.db").chmod(0o600)
    return place


def of(home, name):
    return [found for found in home_findings(home) if found.name == name]


def test_a_home_in_order_has_no_problem(home):
    assert {found.level for found in home_findings(home)} == {"ok"}


def test_how_the_store_survives_a_crash_is_told(home):
    assert "rollback journal" in of(home, "store")[0].message
    with sqlite3.connect(home / "trackside.db") as store:
        store.execute("pragma journal_mode=wal")
    assert "write-ahead log" in of(home, "store")[0].message


def test_a_home_on_a_network_is_worth_a_note(home, monkeypatch):
    monkeypatch.setenv("TRACKSIDE_NETWORK_HOME", "1")
    (found,) = of(home, "home")
    assert (found.level, "network file system" in found.message) == ("note", True)


def test_a_file_system_with_another_clock_is_a_problem(home, monkeypatch):
    assert of(home, "clock") == []
    really = time.time
    monkeypatch.setattr(surroundings.time, "time", lambda: really() + 3600)
    (found,) = of(home, "clock")
    assert found.level == "problem"
    assert "3600 s behind" in found.message
    assert not list(home.glob(".clock*"))


def test_what_was_staged_and_never_submitted_is_told_after_a_day(home):
    folder = home / "staging" / "abcdef0123"
    folder.mkdir(parents=True)
    assert of(home, "leftovers") == []
    os.utime(folder, (1_000_000_000, 1_000_000_000))
    assert "one submission" in of(home, "leftovers")[0].message


def test_run_folders_in_the_making_are_no_orphans(home):
    for name in ("job-1", "job-2", ".trash-job-3"):
        (home / "runs" / name).mkdir(parents=True)
    for name in ("job-1", ".trash-job-3"):
        os.utime(home / "runs" / name, (1_000_000_000, 1_000_000_000))
    assert orphans(home / "runs") == ["job-1"]


@pytest.mark.parametrize("deep", [False, True])
def test_a_template_is_seen_by_its_socket_and_not_disturbed(home, deep):
    if deep:  # too deep for the name of a socket, which is bound by a shorter one
        home = home / ("x" * 100)
        (home / "run").mkdir(parents=True)
    path = home / "run" / "template-host-0123456789ab.sock"
    assert template_finding(home).message.startswith("none runs")
    folder = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"/proc/self/fd/{folder}/{path.name}")
        listener.listen()
        assert template_finding(home).message.startswith("runs")
    os.close(folder)
    assert Path(path).exists()
    assert template_finding(home).message.startswith("none runs")
