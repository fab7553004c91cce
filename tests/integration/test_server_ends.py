"""How jobs end: status, reason and exit code are true, and nothing of the tree is left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import LiveServer, Place, stop_templates, until


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server for the tests of this file, none of which harms it."""
    server = LiveServer(Place(tmp_path_factory.mktemp("ends"))).start()
    yield server
    server.stop()
    stop_templates(server.place.home)


def test_a_command_that_succeeds_is_completed(shared: LiveServer) -> None:
    job = shared.ended(shared.submit(command=["sh", "-c", "echo out; echo err >&2"], name="fine")["id"])
    assert (job["status"], job["reason"], job["exit_code"]) == ("completed", None, 0)
    assert shared.get("jobs/fine/log").text == "out\nerr\n"


def test_a_nonzero_exit_is_failed_with_its_code(shared: LiveServer) -> None:
    job = shared.ended(shared.submit(command=["sh", "-c", "exit 3"])["id"])
    assert (job["status"], job["reason"]["code"], job["exit_code"]) == ("failed", "exit_code", 3)


def test_a_cell_that_raises_is_failed_with_the_exception(shared: LiveServer) -> None:
    job = shared.ended(shared.submit(cell="x = 1\nraise ValueError('too large')")["id"])
    assert (job["status"], job["reason"]["code"], job["exit_code"]) == ("failed", "exception", 1), job
    assert "ValueError" in job["reason"]["message"]
    log = shared.get(f"jobs/{job['id']}/log").text
    assert "too large" in log
    assert "line 2" in log


def test_sys_exit_in_a_cell_keeps_its_code(shared: LiveServer) -> None:
    job = shared.ended(shared.submit(cell="import sys\nsys.exit(3)")["id"])
    assert (job["status"], job["exit_code"]) == ("failed", 3), job


def test_a_killed_process_names_its_signal(shared: LiveServer) -> None:
    job = shared.ended(shared.submit(cell="import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")["id"])
    assert (job["status"], job["reason"]["code"], job["exit_code"]) == ("failed", "signal", -9), job
    assert "SIGKILL" in job["reason"]["message"]


_NEVER_ENDS = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open({path!r}, "w").write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
time.sleep(600)
"""


def test_cancel_ends_the_whole_tree_within_a_second_after_the_grace_time(shared: LiveServer, tmp_path: Path) -> None:
    path = tmp_path / "grandchild"
    job = shared.submit(cell=_NEVER_ENDS.format(path=str(path)), grace=1)
    grandchild = int(until(lambda: path.exists() and path.read_text(), "the double-forked child's pid"))
    answer = shared.post(f"jobs/{job['id']}/cancel")
    assert answer.status_code == 202
    assert answer.json()["cancelling"] or answer.json()["status"] == "cancelled"
    ended = shared.ended(job["id"], timeout=2.5)
    assert (ended["status"], ended["reason"]["code"]) == ("cancelled", "cancelled_by_user"), ended
    assert not Path(f"/proc/{grandchild}").exists()


def test_cancelling_twice_is_a_conflict_that_says_so(shared: LiveServer) -> None:
    job = shared.ended(shared.submit(command=["/bin/true"])["id"])
    answer = shared.post(f"jobs/{job['id']}/cancel")
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "already_ended"


def test_a_waiting_job_is_cancelled_at_once_and_says_why_it_waited(shared: LiveServer) -> None:
    cpus = os.cpu_count() or 1
    first = shared.submit(command=["sleep", "60"], cpus=cpus, grace=0)
    shared.running(first["id"])
    waiting = shared.submit(command=["/bin/true"], cpus=cpus, name="behind")
    said = shared.get("jobs/behind/explain").json()
    assert said["status"] == "pending"
    assert f"needs {cpus} CPUs" in said["message"]
    assert first["id"] in said["message"]
    assert shared.post(f"jobs/{waiting['id']}/cancel").json()["status"] == "cancelled"
    assert shared.post(f"jobs/{first['id']}/cancel").status_code == 202
    assert shared.ended(first["id"])["status"] == "cancelled"


def test_the_time_limit_ends_a_job(shared: LiveServer) -> None:
    job = shared.ended(shared.submit(command=["sleep", "60"], time=0.5, grace=0.2)["id"], timeout=10)
    assert (job["status"], job["reason"]["code"]) == ("failed", "time_limit"), job
    assert {"name": "time", "value": 0.5, "enforced": True, "by": "runner"} in job["limits"]


def test_a_program_that_is_not_there_is_start_failed(shared: LiveServer) -> None:
    job = shared.ended(shared.submit(command=["no-such-program-here"])["id"])
    assert (job["status"], job["reason"]["code"], job["exit_code"]) == ("failed", "start_failed", None), job
    assert "no-such-program-here" in job["reason"]["message"]


def test_a_retry_is_the_next_attempt_and_keeps_the_old_log(shared: LiveServer, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    job = shared.submit(command=f"echo attempt $TRACKSIDE_ATTEMPT; test -e {flag} || {{ touch {flag}; exit 7; }}")
    assert shared.ended(job["id"])["exit_code"] == 7
    assert shared.post(f"jobs/{job['id']}/retry").status_code == 201
    again = until(lambda: (now := shared.job(job["id"]))["status"] == "completed" and now, "the second attempt")
    assert (again["attempt"], again["exit_code"]) == (2, 0)
    assert shared.get(f"jobs/{job['id']}/log").text == "attempt 1\nattempt 2\n"


def test_delete_removes_the_run_folder_and_the_number_never_comes_back(shared: LiveServer) -> None:
    job = shared.ended(shared.submit(command=["/bin/true"])["id"])
    assert shared.request("DELETE", f"jobs/{job['id']}").status_code == 204
    assert shared.get(f"jobs/{job['id']}").status_code == 404
    assert not Path(job["run_dir"]).exists()
    assert int(shared.submit(command=["/bin/true"])["id"][4:]) > int(job["id"][4:])


def test_a_job_gets_no_variable_of_jupyters(shared: LiveServer) -> None:
    carried = {"PATH": os.environ["PATH"], "JUPYTER_TOKEN": "secret", "JPY_PARENT_PID": "1", "MINE": "yes"}
    job = shared.ended(shared.submit(command=["env"], environment=carried, env={"ADDED": "too"})["id"])
    names = {line.partition("=")[0] for line in shared.get(f"jobs/{job['id']}/log").text.splitlines()}
    assert {"MINE", "ADDED", "TRACKSIDE_JOB_ID", "TRACKSIDE_RUN_DIR", "CUDA_VISIBLE_DEVICES"} <= names
    assert not names & {"JUPYTER_TOKEN", "JPY_PARENT_PID"}
    assert "secret" not in Path(job["run_dir"], "job.json").read_text()
