"""A server that dies between what happens to a job and the moment at which it would have written that down."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.serving import LiveServer, Place, stop_templates, until
from tests.stub_nvml import StubGpu, StubNvml
from trackside.probes.process import ProcessId
from trackside.tracking.folder import RunFolder
from trackside_server.store import Vault

_GPU = "GPU-00000000-0000-0000-0000-00000000000a"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """A server of its own, on a machine with one GPU."""
    nvml = StubNvml(tmp_path / "nvml")
    nvml.show(StubGpu(_GPU))
    live = LiveServer(Place(tmp_path / "place"), environment=nvml.environment)
    yield live.start()
    live.stop()
    stop_templates(live.place.home)


def _forgets_the_start(server: LiveServer, job_id: str, run_dir: str) -> None:
    """Let the job start, kill the server, and give it the store of the moment before."""
    store = server.place.home / "trackside.db"
    before = store.with_name("before.db")
    with closing(sqlite3.connect(store)) as now, closing(sqlite3.connect(before)) as kept:
        now.backup(kept)
    server.post("queue/resume")
    server.running(job_id)
    until(Path(run_dir, "gate").exists, "the job at its gate")
    server.kill()
    for suffix in ("-wal", "-shm"):
        store.with_name(store.name + suffix).unlink(missing_ok=True)
    before.replace(store)
    with closing(sqlite3.connect(store)) as now:
        now.execute("DELETE FROM settings")
        now.commit()


def _kept_secrets(server: LiveServer) -> list[dict[str, str]]:
    vault = Vault(server.place.home)
    with closing(sqlite3.connect(server.place.home / "trackside.db")) as store:
        rows = store.execute("SELECT sealed FROM job_secrets WHERE seq = 1").fetchall()
    return [vault.open(sealed).secrets for (sealed,) in rows]


def test_it_is_adopted_with_all_that_it_holds_and_leaves_no_secret_behind(server: LiveServer) -> None:
    server.post("queue/pause")
    gate = 'echo x >> "$TRACKSIDE_RUN_DIR/ran"; mkfifo "$TRACKSIDE_RUN_DIR/gate"; read go < "$TRACKSIDE_RUN_DIR/gate"'
    job = server.submit(command=gate, gpus=1, memory="256M", secrets={"KEY": "opensesame"})
    _forgets_the_start(server, job["id"], job["run_dir"])
    server.start()
    adopted = server.running(job["id"])
    assert (adopted["gpus"], adopted["attempt"]) == ([_GPU], 1)
    assert [limit["enforced"] for limit in adopted["limits"] if limit["name"] == "memory"] == [True]
    second = server.submit(command=["/bin/true"], gpus=1)
    assert f"{job['id']} holds 1" in server.get(f"jobs/{second['id']}/explain").json()["message"]
    descriptor = os.open(Path(job["run_dir"], "gate"), os.O_WRONLY)
    os.write(descriptor, b"go\n")
    os.close(descriptor)
    assert server.ended(job["id"])["status"] == "completed"
    assert Path(job["run_dir"], "ran").read_text() == "x\n"
    assert server.ended(second["id"])["status"] == "completed"
    refused = server.post(f"jobs/{job['id']}/retry").json()["error"]["code"]
    assert refused == "secrets_needed"
    assert _kept_secrets(server) == [{}]


def test_an_end_and_a_retry_that_stand_in_the_store_alone_are_noted_by_the_next_server(server: LiveServer) -> None:
    server.post("queue/pause")
    ended, again = (server.submit(command=["/bin/true"]) for _ in range(2))
    for job in (ended, again):
        server.post(f"jobs/{job['id']}/cancel")
        server.ended(job["id"])
    server.post(f"jobs/{again['id']}/retry")
    server.kill()
    for job, before in ((ended, "pending"), (again, "cancelled")):
        RunFolder(job["run_dir"]).update_meta(status=before)
    server.start()

    def noted() -> list[object]:
        return [RunFolder(job["run_dir"]).read_meta()["status"] for job in (ended, again)]

    until(lambda: noted() == ["cancelled", "pending"], f"the notes: {noted()}")


def test_a_job_that_runs_unnoticed_is_stopped_by_its_cancel_and_not_called_cancelled_meanwhile(
    server: LiveServer,
) -> None:
    """As after a start of which the server did not hear in time; what is asked to stop takes its time to end."""
    server.post("queue/pause")
    job = server.submit(command=["/bin/true"])
    slow = ["sh", "-c", "trap 'sleep 5; exit' USR1; echo ready; while :; do sleep 0.1; done"]
    with subprocess.Popen(slow, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        identity = ProcessId.of(process.pid).to_dict()
        record = {"attempt": 1, "runner": identity, "process": identity, "started_at": "2026-11-22T09:31:00Z"}
        folder = RunFolder(job["run_dir"])
        folder.attempts.mkdir(exist_ok=True)
        folder.attempt(1).write_text(json.dumps(record))
        asked = server.post(f"jobs/{job['id']}/cancel").json()
        assert (asked["status"], asked["cancelling"]) == ("running", True)
        process.wait(20)
    assert server.ended(job["id"])["attempt"] == 1
