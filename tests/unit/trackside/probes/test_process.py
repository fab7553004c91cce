import dataclasses
import os
import signal
import subprocess
import sys
import time

import pytest

from trackside.probes.process import ProcessId, parse_ps, parse_stat


def test_this_process_is_alive_and_survives_a_round_trip_through_json() -> None:
    me = ProcessId.of()
    assert me.pid == os.getpid()
    assert me.is_alive()
    assert me.is_local
    assert ProcessId.from_dict({**me.to_dict(), "other": 1}) == me


@pytest.mark.parametrize(
    "change", [{"start_time": 1}, {"boot_id": "another"}, {"host": "another"}, {"pid": 2**22 + 1}], ids=str
)
def test_a_process_that_differs_in_any_part_is_not_alive(change: dict[str, object]) -> None:
    assert not dataclasses.replace(ProcessId.of(), **change).is_alive()  # type: ignore[arg-type]


def test_a_zombie_is_dead_before_anybody_reaped_it() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    identity = ProcessId.of(child.pid)
    assert identity.is_alive()
    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not identity.is_alive()
    child.wait(timeout=10)
    assert not identity.is_alive()


def test_no_such_process_is_an_error_that_names_it() -> None:
    with pytest.raises(ProcessLookupError, match="4194305"):
        ProcessId.of(2**22 + 1)


@pytest.mark.parametrize("fields", [{}, {"pid": "1", "start_time": 1, "boot_id": "", "host": ""}])
def test_what_is_no_identity_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError)):
        ProcessId.from_dict(fields)


def test_a_command_with_parentheses_and_spaces_does_not_confuse_the_reader() -> None:
    line = b"4242 (a) S (b c) R 1 4242 4242 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2 3"
    assert parse_stat(line) == ("R", 987654)


def test_a_line_of_ps_is_read_as_state_and_seconds() -> None:
    assert parse_ps("S+   Sun Nov 22 09:30:00 2026\n") == ("S", time.mktime((2026, 11, 22, 9, 30, 0, 0, 0, -1)))
    assert parse_ps("") is None
