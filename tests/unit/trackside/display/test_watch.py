"""One thread tells of the end of all shown jobs, and lives no longer than they do."""

import queue
import threading
from datetime import UTC, datetime

import pytest

from trackside.display.watch import Watch
from trackside.errors import NotFound, ServerUnreachable
from trackside.models import Job, JobChanged, JobDeleted, JobSpec
from trackside.models.stream import EventMessage, Subscribed

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def job(number, status):
    return Job(
        id=f"job-{number}", uuid=f"u{number}", home_id="h", run_id=f"job-{number}", run_dir="/r", name="x",
        status=status, created_at=NOW, spec=JobSpec(command="true"),
    )  # fmt: skip


class FakeClient:
    """Stands at the client's seam: the test sends the events and decides what a look finds."""

    def __init__(self):
        self.messages = queue.Queue()
        self.found = {}
        self.connections = 0
        self.jobs = self

    def get(self, job_id):
        if job_id not in self.found:
            raise NotFound(job_id)
        return self.found[job_id]

    def event_messages(self):
        self.connections += 1
        while True:
            message = self.messages.get(timeout=10)
            if isinstance(message, Exception):
                raise message
            yield message

    def connect(self):
        self.messages.put(Subscribed("", 0))

    def change(self, number, status):
        self.messages.put(EventMessage("", 1, JobChanged(1, NOW, job(number, status))))


@pytest.fixture
def client():
    return FakeClient()


@pytest.fixture
def watch(client):
    return Watch(lambda: client)


class Told:
    """What the callbacks were told."""

    def __init__(self):
        self.ended = queue.Queue()

    def __call__(self, ended):
        self.ended.put((ended.id, ended.status, threading.current_thread().name))

    def next(self):
        return self.ended.get(timeout=10)


def thread_is_gone(watch):
    deadline = threading.Event()
    for _ in range(200):
        if not watch.is_running:
            return True
        deadline.wait(0.02)
    return False


def test_the_end_of_a_job_is_told_once_and_then_the_thread_ends(watch, client):
    told = Told()
    client.found["job-1"] = job(1, "running")
    watch.add("job-1", told)
    client.connect()
    client.change(1, "running")
    client.change(2, "completed")
    client.change(1, "failed")
    assert told.next()[:2] == ("job-1", "failed")
    assert thread_is_gone(watch)
    assert told.ended.empty()


def test_a_job_that_ended_before_anybody_listened_is_told_too(watch, client):
    told = Told()
    client.found["job-1"] = job(1, "completed")
    watch.add("job-1", told)
    client.connect()
    assert told.next()[:2] == ("job-1", "completed")
    assert thread_is_gone(watch), "no further event is needed to leave"


def test_many_jobs_share_one_connection(watch, client):
    told = Told()
    for number in (1, 2, 3):
        client.found[f"job-{number}"] = job(number, "running")
        watch.add(f"job-{number}", told)
    client.connect()
    for number in (2, 1, 3):
        client.change(number, "completed")
    assert [told.next()[0] for _ in range(3)] == ["job-2", "job-1", "job-3"]
    assert client.connections == 1


def test_a_job_shown_after_its_end_was_heard_is_told_at_once(watch, client):
    told = Told()
    client.found["job-1"] = job(1, "running")
    watch.add("job-1", told)
    client.connect()
    client.change(2, "completed")
    client.change(3, "running")
    other = Told()
    client.found["job-3"] = job(3, "running")
    watch.add("job-3", other)
    client.change(3, "completed")
    assert other.next()[0] == "job-3"
    late = Told()
    watch.add("job-2", late)
    assert late.next()[:2] == ("job-2", "completed")
    client.change(1, "completed")
    assert thread_is_gone(watch)


def test_a_deleted_job_is_waited_for_no_longer(watch, client):
    told = Told()
    client.found["job-1"] = job(1, "running")
    watch.add("job-1", told)
    client.connect()
    client.messages.put(EventMessage("", 2, JobDeleted(2, NOW, "job-1")))
    assert thread_is_gone(watch)
    assert told.ended.empty()


def test_a_broken_callback_keeps_no_other_from_being_told(watch, client, capfd):
    def broken(_):
        raise ValueError("no front end")

    told = Told()
    client.found["job-1"] = job(1, "completed")
    watch.add("job-1", broken)
    watch.add("job-1", told)
    client.connect()
    assert told.next()[0] == "job-1"
    assert thread_is_gone(watch)
    assert capfd.readouterr() == ("", ""), "the thread never prints"


def test_after_the_server_went_away_for_good_the_next_job_is_watched_anew(watch, client, capfd):
    told = Told()
    client.found = {"job-1": job(1, "running"), "job-2": job(2, "completed")}
    watch.add("job-1", told)
    client.messages.put(ServerUnreachable("gone"))
    assert thread_is_gone(watch)
    watch.add("job-2", told)
    client.connect()
    assert told.next()[0] == "job-2"
    assert client.connections == 2
    assert capfd.readouterr() == ("", "")
