import time

import httpx
import msgspec
import pytest
from tests.talking import AT, Recorder, Torn, job, sse

from trackside.client import Client
from trackside.client._sync import ending, stream
from trackside.errors import InvalidInput, NotFound, WaitTimeout
from trackside.models import JobChanged, JobDeleted
from trackside.models.stream import EventMessage, Subscribed


class World:
    """Jobs as a server knows them; ``steps`` change them between what one stream of events tells."""

    def __init__(self, *jobs):
        self.jobs = {job.id: job for job in jobs}
        self.asked = []
        self.streams = []
        self.number = 0
        self.client = Client("http://127.0.0.1:1/", "t", transport=Recorder(self.answer))

    def answer(self, request):
        path = request.url.path.removeprefix("/trackside/api/v1/")
        self.asked.append(path)
        if path == "events":
            return httpx.Response(200, stream=Torn(self.streams.pop(0) if self.streams else [httpx.ReadTimeout("x")]))
        if path == "jobs":
            statuses = request.url.params["status"].split(",")
            found = [msgspec.to_builtins(job) for job in self.jobs.values() if job.status in statuses]
            return httpx.Response(200, json={"jobs": found})
        name = path.removeprefix("jobs/")
        found = [job for job in self.jobs.values() if name in (job.id, job.name, job.id.removeprefix("job-"))]
        if not found:
            return httpx.Response(
                404, json={"error": {"code": "job_not_found", "message": f"There is no job {name!r}."}}
            )
        return httpx.Response(200, json=msgspec.to_builtins(found[0]))

    def ends(self, *numbers, status="completed"):
        """The event of each end, as the stream tells it; the job itself changes at once."""
        told = []
        for number in numbers:
            self.number += 1
            ended = job(number, status)
            self.jobs[ended.id] = ended
            told.append(sse(EventMessage("", self.number, JobChanged(self.number, AT, ended))))
        return b"".join(told)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(stream, "sleep", lambda seconds: None)


BEGUN = sse(Subscribed("", 0))


def later(make):
    """A stream whose events are made when they are read, hence after what was asked before."""
    yield BEGUN
    yield make()


def test_a_job_that_has_ended_already_is_returned_at_the_first_look():
    world = World(job(1, "failed"))
    world.streams = [[BEGUN]]
    assert world.client.jobs.wait(1).status == "failed"
    assert world.asked == ["events", "jobs/job-1"]


def test_the_end_is_told_by_an_event_and_not_asked_for():
    world = World(job(1), job(2))
    world.streams = [later(lambda: world.ends(2) + world.ends(1))]
    assert world.client.jobs.wait("job-1").status == "completed"
    assert world.asked == ["events", "jobs/job-1"]


def test_an_end_in_the_gap_of_a_dropped_connection_is_not_missed():
    world = World(job(1))

    def drop():
        yield BEGUN
        world.ends(1)
        raise httpx.ReadError("x")

    world.streams = [drop(), [BEGUN]]
    assert world.client.jobs.wait(1).status == "completed"
    assert world.asked == ["events", "jobs/job-1", "events", "jobs/job-1"]


def test_several_are_returned_in_the_order_given_also_when_one_is_named_twice():
    world = World(job(1), job(2, "completed"))
    world.streams = [later(lambda: world.ends(1))]
    assert [ended.id for ended in world.client.jobs.wait(["job-1", 2, job(1)])] == ["job-1", "job-2", "job-1"]


def test_as_completed_yields_in_the_order_of_ending():
    world = World(job(1), job(2), job(3, "cancelled"))
    world.streams = [later(lambda: world.ends(2) + world.ends(1))]
    assert [ended.id for ended in world.client.jobs.as_completed([1, 2, 3])] == ["job-3", "job-2", "job-1"]


def test_a_name_is_asked_for_once_and_followed_by_its_id():
    world = World(job(1, name="baseline"))
    world.streams = [later(lambda: world.ends(1))]
    assert world.client.jobs.wait("baseline").id == "job-1"
    assert world.asked == ["events", "jobs/baseline"]


def test_many_are_looked_at_by_the_list_of_unfinished_ones():
    world = World(*(job(number) for number in range(1, 101)))
    world.ends(*range(1, 4))
    world.streams = [later(lambda: world.ends(*range(4, 101)))]
    ended = world.client.jobs.wait(range(1, 101))
    assert [found.id for found in ended] == [f"job-{number}" for number in range(1, 101)]
    assert world.asked == ["events", "jobs", "jobs/job-1", "jobs/job-2", "jobs/job-3"]


def test_none_are_waited_for_without_asking():
    world = World()
    assert world.client.jobs.wait([]) == []
    assert world.asked == []


def test_the_time_being_over_is_told_with_where_the_job_stands():
    world = World(job(1))
    world.streams = [[BEGUN]]
    began = time.monotonic()
    with pytest.raises(WaitTimeout, match=r"job-1 had not ended after 0.05 s \(running\); it goes on"):
        world.client.jobs.wait(1, timeout=0.05)
    assert time.monotonic() - began < 5


def test_no_time_at_all_is_one_look():
    world = World(job(1), job(2, "completed"))
    assert world.client.jobs.wait(2, timeout=0).id == "job-2"
    assert world.asked == ["jobs/job-2"]
    with pytest.raises(WaitTimeout, match="1 of 2 jobs had not ended after 0 s: job-1; they go on"):
        world.client.jobs.wait([1, 2], timeout=0)


def test_the_timeout_is_also_a_timeout_error():
    assert issubclass(WaitTimeout, TimeoutError)


def test_a_job_that_is_not_there_or_is_deleted_meanwhile_is_not_found():
    world = World(job(1))
    world.streams = [[BEGUN]]
    with pytest.raises(NotFound, match="no job 'job-9'"):
        world.client.jobs.wait(9)
    world.streams = [[BEGUN, sse(EventMessage("", 5, JobDeleted(5, AT, "job-1")))]]
    with pytest.raises(NotFound, match="job-1 was deleted while"):
        world.client.jobs.wait(1)


def test_what_names_no_job_is_refused_before_anything_is_asked():
    world = World()
    with pytest.raises(InvalidInput):
        world.client.jobs.wait(["job-1", ""])
    assert world.asked == []


def test_the_number_asked_one_by_one_stays_small():
    assert ending._ASKED_ONE_BY_ONE <= 50
