"""Starting a server, with programs in the server's place that behave as a test needs it."""

import fcntl
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from trackside.client import headless
from trackside.client.headless import missing_parts, start_server
from trackside.errors import InvalidInput, ServerUnreachable

SERVES = f"""#!{sys.executable}
import json, os, sys, time
stat = open("/proc/self/stat").read()
facts = {{"url": "http://127.0.0.1:1/", "token": "t", "pid": os.getpid(), "home": sys.argv[4], "home_id": "h",
         "start_time": int(stat[stat.rindex(")") + 2:].split()[19]), "headless": True}}
seen = {{"argv": sys.argv[1:], "sid": os.getsid(0), "cwd": os.getcwd(), "env": dict(os.environ)}}
open(os.environ["SEEN"], "w").write(json.dumps(seen))
path = os.environ["JUPYTER_RUNTIME_DIR"] + "/trackside-%d.json" % os.getpid()
os.close(os.open(path, os.O_CREAT, 0o600))
open(path, "w").write(json.dumps(facts))
time.sleep(60)
"""


@pytest.fixture
def program(monkeypatch, tmp_path):
    """Put a program in the place of the interpreter that would run the server; end what it started."""

    def put(text):
        path = tmp_path / "program"
        path.write_text(text)
        path.chmod(0o755)
        monkeypatch.setattr(headless.sys, "executable", str(path))

    yield put
    for child in headless._children:
        child.kill()
        child.wait()
    headless._children.clear()


def start(machine, answers=lambda address: True, patience=20.0, **env):
    seen = str(machine.home.parent / "seen.json")
    return start_server(
        machine.home, {**os.environ, **machine.env, "SEEN": seen, **env}, answers=answers, patience=patience
    )


def test_a_server_is_started_apart_from_us_and_said_in_one_line(machine, program, capsys):
    program(SERVES)
    address = start(machine, JPY_PARENT_PID="1", TRACKSIDE_RUN_DIR="/r", TRACKSIDE_TOKEN="s", JUPYTERHUB_API_TOKEN="s")
    assert address.headless
    seen = json.loads((machine.home.parent / "seen.json").read_text())
    assert seen["argv"] == ["-m", "trackside_server", "--home", str(machine.home)]
    assert seen["sid"] == address.pid != os.getsid(0)
    assert seen["cwd"] == str(machine.home)
    assert not {"JPY_PARENT_PID", "TRACKSIDE_RUN_DIR", "TRACKSIDE_TOKEN", "JUPYTERHUB_API_TOKEN"} & seen["env"].keys()
    assert (machine.home / "server.log").stat().st_mode & 0o777 == 0o600
    said = capsys.readouterr().err
    assert (
        said
        == f"Trackside: no Jupyter server here; started one for {machine.home} (ends 30 minutes after its last job)\n"
    )


def test_the_one_that_another_process_has_just_started_is_joined_in_silence(machine, program, capsys):
    program(SERVES)
    first = start(machine)
    capsys.readouterr()
    assert start(machine) == first
    assert capsys.readouterr().err == ""
    assert len(headless._children) == 1


def test_a_server_that_ends_at_once_is_told_with_its_last_words(machine, program):
    program("#!/bin/sh\necho first; echo 'ImportError: boom' >&2; exit 3\n")
    with pytest.raises(ServerUnreachable, match=r"ended at once with exit code 3: ImportError: boom") as told:
        start(machine)
    assert str(machine.home / "server.log") in told.value.hint


def test_a_server_that_never_answers_is_ended_and_told(machine, program):
    program(SERVES)
    with pytest.raises(ServerUnreachable, match="did not begin to answer"):
        start(machine, answers=lambda address: False, patience=0.5)
    assert headless._children[0].wait(10) == -signal.SIGTERM


def test_a_lock_that_is_never_freed_is_told(machine):
    with (machine.home / "headless.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ServerUnreachable, match="Another process has been starting a server"):
            start(machine, patience=0.05)


def test_a_home_that_cannot_hold_a_log_is_told(machine, program):
    program(SERVES)
    (machine.home / "server.log").mkdir()
    with pytest.raises(InvalidInput, match=r"No server can start for .*: Is a directory .*server\.log"):
        start(machine)


def test_what_is_missing_is_named_with_where_else_it_could_be_installed(machine, monkeypatch):
    monkeypatch.setattr(headless, "missing_parts", lambda: ["sqlalchemy"])
    with pytest.raises(
        ServerUnreachable, match=r'none can start here: sqlalchemy is missing\. pip install "trackside\[lab\]"\.$'
    ):
        start(machine)
    jupyter = {"pid": os.getpid(), "url": "http://127.0.0.1:8888/"}
    (machine.runtime / "jpserver-1.json").write_text(json.dumps(jupyter))
    (machine.runtime / "jpserver-2.json").write_text("{")
    with pytest.raises(ServerUnreachable, match=r"environment of the server at http://127.0.0.1:8888/"):
        start(machine)


def test_here_nothing_is_missing():
    assert missing_parts() == []


def test_in_a_notebook_the_line_is_plain_output(machine, program, monkeypatch, capsys):
    program(SERVES)
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    start(machine)
    said = capsys.readouterr()
    assert said.out.startswith("Trackside: ")
    assert said.err == ""
    assert Path(machine.home / "home.json").exists()
