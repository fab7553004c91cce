"""What the store's tests share: a store of its own, a clock that the test turns, and records to put in."""

import shutil
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from trackside.models import JobSpec
from trackside_server.domain.record import JobRecord, RunRow
from trackside_server.store import Store

START = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)


class Clock:
    """A clock that stands until it is turned."""

    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def forward(self, **by):
        self.now += timedelta(**by)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="session")
def empty(tmp_path_factory):
    """An empty store, built once: a copy costs less than building one per test."""
    path = tmp_path_factory.mktemp("empty") / "trackside.db"
    Store.open(path, home_id="home-1").close()
    return path


@pytest.fixture
def path(tmp_path, empty):
    return shutil.copy(empty, tmp_path / "trackside.db")


@pytest.fixture
def open_store(path, clock):
    """Open the same store, as often as one likes; all are closed at the end."""
    opened = []

    def open_one(**options):
        options = {"home_id": "home-1", "clock": clock, **options}
        opened.append(Store.open(path, **options))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store):
    return open_store(describe=lambda record: f"{record.id} is {record.status}")


@pytest.fixture
def new_job():
    """Make a record that the store does not know yet."""

    def make(name=None, *, command="true", **fields):
        fields = {"uuid": uuid.uuid4().hex, "created_at": START, "run_dir": f"/home/runs/{name}", **fields}
        return JobRecord(name=name, spec=JobSpec(command=command, name=name), **fields)

    return make


@pytest.fixture
def new_run():
    """Make the row of a run; ``age`` in seconds before the clock's start."""

    def make(run_id, *, age=0.0, **fields):
        fields = {"uuid": uuid.uuid4().hex, "name": run_id, "status": "running", "run_dir": f"/runs/{run_id}", **fields}
        return RunRow(id=run_id, created_at=START - timedelta(seconds=age), **fields)

    return make


@pytest.fixture
def insert(store, new_job):
    """Put a new job into the store and return it as the store gave it back."""

    def insert_one(name=None, **fields):
        return store.write_now(lambda tx: tx.insert_job(new_job(name, **fields)))

    return insert_one


@pytest.fixture
def ask(store):
    """Ask the store: ``ask(lambda reader: ...)``."""

    def ask_one(question):
        with store.read() as reader:
            return question(reader)

    return ask_one
