"""Two processes of one home write the same store."""

import subprocess
import sys

import pytest

from trackside_server.store import Store, connect

WRITER = """
import asyncio, sys, uuid
from datetime import UTC, datetime
from pathlib import Path
import msgspec
from trackside.models import JobSpec
from trackside_server.domain.record import JobRecord
from trackside_server.store import Store, connect

if sys.argv[4] == "shared":
    connect.on_shared_file_system = lambda path: True
store = Store.open(Path(sys.argv[1]), home_id="h")

async def one(number):
    [seq] = await store.reserve_job_ids()
    job = JobRecord(seq=seq, uuid=uuid.uuid4().hex, name=sys.argv[2], created_at=datetime.now(UTC), run_dir="/r",
                    spec=JobSpec(command="true"))
    await store.write(lambda tx: tx.insert_job(job))
    await store.write(lambda tx: tx.update_job(seq, status="running"))
    await store.write(lambda tx: tx.update_job(seq, status="completed", exit_code=0))

async def main():
    for start in range(0, int(sys.argv[3]), 5):
        await asyncio.gather(*(one(number) for number in range(start, start + 5)))

asyncio.run(main())
store.close()
"""


@pytest.mark.parametrize(("disk", "jobs"), [("local", 200), ("shared", 60)])
def test_two_processes_that_write_at_once_lose_nothing_and_share_no_id(tmp_path, monkeypatch, disk, jobs):
    """Also with the journal of shared disks, where readers and writers wait for each other."""
    path = tmp_path / "trackside.db"
    if disk == "shared":
        monkeypatch.setattr(connect, "on_shared_file_system", lambda path: True)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, path, name, str(jobs), disk], stderr=subprocess.PIPE, text=True)
        for name in ("left", "right")
    ]
    errors = [writer.communicate(timeout=120)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], errors
    store = Store.open(path, home_id="h")
    with store.read() as reader:
        assert len(reader.resolve("left")) == len(reader.resolve("right")) == jobs
        assert reader.counts()["completed"] == 2 * jobs
        events = reader.events_since(0, limit=2000)
        assert sorted(job.seq for job in reader.jobs_page(limit=500).jobs) == list(range(1, 2 * jobs + 1))
    store.close()
    assert [event.id for event in events] == list(range(1, 6 * jobs + 1))
    statuses = {}
    for event in events:
        statuses.setdefault(event.job.id, []).append(event.job.status)
    assert set(map(tuple, statuses.values())) == {("pending", "running", "completed")}


def test_a_commit_of_another_process_is_noticed(tmp_path):
    path = tmp_path / "trackside.db"
    store = Store.open(path, home_id="h")
    assert store.last_event_id() == 0
    version = store.data_version()
    subprocess.run([sys.executable, "-c", WRITER, path, "other", "5", "local"], check=True, timeout=120)
    assert store.data_version() != version
    assert store.last_event_id() == 15
    store.close()


def test_a_write_waits_while_another_process_holds_the_lock(tmp_path):
    path = tmp_path / "trackside.db"
    store = Store.open(path, home_id="h")
    holder = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE')"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{holder}; print('held', flush=True); sys.stdin.read()", path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    future = store.submit(lambda tx: tx.reserve_job_ids())
    assert not future.done()
    with store.read() as reader:
        assert reader.counts()["pending"] == 0, "readers do not wait"
    process.communicate("")
    assert future.result(30) == [1]
    store.close()
