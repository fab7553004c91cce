"""When a job starts, as far as time limits say."""

from datetime import UTC, datetime, timedelta

from trackside.models import GpuRequest
from trackside_server.domain.forecast import starts_about
from trackside_server.domain.gpus import Machine
from trackside_server.domain.plan import Running, Snapshot, Waiting

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def at(minutes):
    return NOW + timedelta(minutes=minutes)


def waiting(seq, cpus, minutes=None, **more):
    return Waiting(f"job-{seq}", seq, 0, cpus, GpuRequest(0), time=minutes and minutes * 60.0, **more)


def forecast(seq, queue, running, **more):
    (job,) = [each for each in queue if each.seq == seq]
    return starts_about(job, Snapshot(Machine(4.0), queue, running, NOW, **more))


def test_a_job_starts_when_enough_has_ended():
    running = [Running("job-1", "a", 2.0, ends_by=at(10)), Running("job-2", "b", 2.0, ends_by=at(20))]
    assert forecast(3, [waiting(3, 2.0)], running) == at(10)
    assert forecast(3, [waiting(3, 3.0)], running) == at(20)


def test_those_before_it_take_their_time_first():
    running = [Running("job-1", "a", 4.0, ends_by=at(10))]
    queue = [waiting(2, 4.0, minutes=30), waiting(3, 4.0, minutes=5), waiting(4, 4.0)]
    assert [forecast(seq, queue, running) for seq in (2, 3, 4)] == [at(10), at(40), at(45)]


def test_where_no_time_limit_tells_nothing_is_said():
    assert forecast(2, [waiting(2, 4.0)], [Running("job-1", "a", 1.0)]) is None
    running = [Running("job-1", "a", 4.0, ends_by=at(10))]
    assert forecast(3, [waiting(2, 4.0), waiting(3, 4.0)], running) is None
    assert forecast(3, [waiting(3, 4.0)], running, paused="paused") is None
    assert starts_about(waiting(3, 4.0), Snapshot(Machine(4.0), [], running)) is None


def test_a_job_that_should_have_ended_by_now_ends_any_moment():
    assert forecast(2, [waiting(2, 4.0)], [Running("job-1", "a", 4.0, ends_by=at(-5))]) == NOW


def test_beyond_a_hundred_years_nothing_is_said():
    century = 100 * 365 * 24 * 60
    running = [Running("job-1", "a", 4.0, ends_by=at(century))]
    queue = [waiting(seq, 4.0, minutes=century) for seq in range(2, 100)]
    assert forecast(2, queue, running) == at(century)
    assert forecast(99, queue, running) is None
