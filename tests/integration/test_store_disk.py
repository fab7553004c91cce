"""A disk that takes no more, and a home that cannot be written: a clear error, nothing half made, and life goes on."""

import contextlib
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from trackside_server.store import Store

NO_ROOM = """
import resource, signal, sys, uuid
from datetime import UTC, datetime
from pathlib import Path
from trackside.errors import TryAgain
from trackside.models import JobSpec
from trackside_server.domain.record import JobRecord
from trackside_server.store import Store

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit then fails, as on a full disk
store = Store.open(Path(sys.argv[1]), home_id="h")

def insert(tx):
    job = JobRecord(uuid=uuid.uuid4().hex, created_at=datetime.now(UTC), run_dir="/r", spec=JobSpec(command="x" * 20000))
    return tx.insert_job(job).seq

_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
futures = [store.submit(insert) for _ in range(100)]
told = [future.exception(60) for future in futures]
kept = [future.result() for future in futures if future.exception() is None]
assert 0 < len(kept) < 100, len(kept)
refused = [error for error in told if error is not None]
assert all(isinstance(error, TryAgain) and sys.argv[1] in str(error) for error in refused), refused
with store.read() as reader:
    assert [job.seq for job in reader.active_jobs()] == kept
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
again = [store.write_now(insert) for _ in range(20)]
store.close()
print(*kept, *again)
"""


def test_a_disk_without_room_refuses_some_writes_keeps_the_others_and_recovers(tmp_path):
    path = tmp_path / "trackside.db"
    done = subprocess.run([sys.executable, "-c", NO_ROOM, path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told = [int(seq) for seq in done.stdout.split()]
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert [seq for (seq,) in connection.execute("SELECT seq FROM jobs ORDER BY seq")] == told
    assert connection.execute("SELECT sum(count) FROM job_counts").fetchone() == (len(told),)
    assert connection.execute("SELECT count(*) FROM events").fetchone() == (len(told),)
    connection.close()


@pytest.fixture
def home():
    """A folder that another user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="trackside-test-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def as_someone_without_rights(path, answer):
    """Open the store as a user who is not root, and tell how it went."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    try:
        Store.open(path, home_id="h").close()
        answer.send(("opened", ""))
    except Exception as error:
        answer.send((getattr(error, "code", type(error).__name__), str(error)))


def opened_by_another(path):
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=as_someone_without_rights, args=(path, there))
    process.start()
    assert here.poll(60), "the other process never answered"
    told = here.recv()
    process.join(60)
    return told


def test_a_home_that_cannot_be_written_is_refused_and_nothing_is_made(home):
    home.chmod(0o555)
    code, message = opened_by_another(home / "trackside.db")
    assert code == "store_read_only"
    assert "TRACKSIDE_HOME" in message
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("mode", [0o600, 0o444])
def test_a_store_that_cannot_be_written_is_refused_and_stays_as_it_is(home, mode):
    path = home / "trackside.db"
    Store.open(path, home_id="h").close()
    with contextlib.suppress(PermissionError):
        os.chown(path, 65534, 65534)
    path.chmod(mode)
    home.chmod(0o555)
    before = path.read_bytes()
    code, message = opened_by_another(path)
    assert code == "store_read_only"
    assert str(path) in message
    assert path.read_bytes() == before


@pytest.mark.parametrize("replace", [False, True])
def test_a_store_that_is_deleted_or_replaced_under_a_running_server_takes_no_more(tmp_path, replace):
    path = tmp_path / "home" / "trackside.db"
    path.parent.mkdir()
    store = Store.open(path, home_id="h")
    shutil.rmtree(path.parent)
    if replace:
        path.parent.mkdir()
        Store.open(path, home_id="h").close()
    error = store.submit(lambda tx: tx.reserve_job_ids()).exception(60)
    assert getattr(error, "code", None) == "store_gone", repr(error)
    assert "Restart the server" in str(error)
    store.close()
