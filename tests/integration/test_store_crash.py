"""kill -9 of a process that writes the store, at every moment: what was acknowledged is kept, and nothing is half there."""

import random
import signal
import sqlite3
import subprocess
import sys

import pytest

from trackside_server.store import Store

WRITER = """
import asyncio, os, signal, sys, uuid
from datetime import UTC, datetime
from pathlib import Path
from sqlalchemy import event
from trackside.models import JobSpec
from trackside_server.domain.record import JobRecord
from trackside_server.store import Store

store = Store.open(Path(sys.argv[1]), home_id="h")

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def new_job(name):
    return JobRecord(uuid=uuid.uuid4().hex, name=name, tags=("t",), created_at=datetime.now(UTC), run_dir="/r",
                     spec=JobSpec(command="x" * 3000))

def say(text):
    os.write(1, f"{text}\\n".encode())
"""

ENDLESS = (
    WRITER
    + """
def insert_and_start(tx):
    job = tx.insert_job(new_job("crash"), secrets=b"s" * 500)
    return tx.update_job(job.id, status="running", attempt=1)

async def one():
    while True:
        job = await store.write(insert_and_start)
        say(job.seq)

async def main():
    await asyncio.gather(*(one() for _ in range(20)))

asyncio.run(main())
"""
)

AT_A_POINT = (
    WRITER
    + """
say(store.write_now(lambda tx: tx.insert_job(new_job("first"))).seq)
if sys.argv[2] == "before the commit":
    event.listen(store._engine, "commit", die)
if sys.argv[2] == "after the commit":
    store.on_commit(die)

def second(tx):
    job = tx.insert_job(new_job("second"))
    if sys.argv[2] == "within the write":
        die()
    return job.seq

say(store.write_now(second))
"""
)


def start(program, *arguments):
    process = subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE)
    print(f"writer: pid {process.pid}")
    return process


def check_whole(path):
    """Every table agrees with the others, as SQLite and as our own counts see it; returns the numbers of the jobs."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    seqs = {seq for (seq,) in connection.execute("SELECT seq FROM jobs")}
    for table in ("job_specs", "job_tags"):
        assert {seq for (seq,) in connection.execute(f"SELECT seq FROM {table}")} == seqs, table
    counted = dict(connection.execute("SELECT status, count(*) FROM jobs GROUP BY status"))
    kept = dict(connection.execute("SELECT status, count FROM job_counts WHERE count != 0"))
    assert kept == counted
    events = [number for (number,) in connection.execute("SELECT id FROM events ORDER BY id")]
    assert events == list(range(1, len(events) + 1))
    assert connection.execute("SELECT value FROM counters").fetchone()[0] >= max(seqs, default=0)
    connection.close()
    return seqs


def test_what_was_acknowledged_is_kept_whenever_the_writer_is_killed(tmp_path):
    path = tmp_path / "trackside.db"
    moments = random.Random(20261122)
    acknowledged = set()
    for _ in range(6):
        process = start(ENDLESS, str(path))
        wanted = len(acknowledged) + moments.randrange(1, 300)
        for line in process.stdout:
            acknowledged.add(int(line))
            if len(acknowledged) >= wanted:
                break
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        acknowledged |= {int(line) for line in rest.split(b"\n")[:-1]}
        kept = check_whole(path)
        assert acknowledged <= kept, f"lost: {sorted(acknowledged - kept)}"
    store = Store.open(path, home_id="h")
    with store.read() as reader:
        jobs = reader.active_jobs()
        assert {job.status for job in jobs} == {"running"}, "the second half of a write is missing"
        assert reader.last_event_id() == 2 * len(jobs)
    [following] = store.write_now(lambda tx: tx.reserve_job_ids())
    store.close()
    assert following > max(kept)


@pytest.mark.parametrize(
    ("point", "jobs"), [("within the write", {1}), ("before the commit", {1}), ("after the commit", {1, 2})]
)
def test_a_write_is_there_wholly_or_not_at_all(tmp_path, point, jobs):
    path = tmp_path / "trackside.db"
    process = start(AT_A_POINT, str(path), point)
    said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (-signal.SIGKILL, b"1\n")
    assert check_whole(path) == jobs


def test_a_store_whose_making_was_killed_is_made_anew(tmp_path):
    path = tmp_path / "trackside.db"
    program = """
import os, signal, sys
from pathlib import Path
from trackside_server.store import Store, migrate

migrate.alembic_version.create = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
Store.open(Path(sys.argv[1]), home_id="h")
"""
    process = start(program, str(path))
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert path.exists()
    Store.open(path, home_id="h").close()
    assert check_whole(path) == set()
