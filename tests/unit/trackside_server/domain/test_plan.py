"""The plan by example; what it promises of every machine is among the properties."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from trackside.models import GpuRequest
from trackside_server.domain.blockers import blockers
from trackside_server.domain.gpus import Gpu, Machine
from trackside_server.domain.plan import Running, Snapshot, Start, Waiting, plan

A100, T4 = "NVIDIA A100-SXM4-80GB", "Tesla T4"
GPUS = (Gpu("g0", A100, 80), Gpu("g1", A100, 80), Gpu("g2", T4, 16), Gpu("g3", T4, 16))


def waiting(seq, cpus=1.0, gpus=0.0, kind=None, priority=0, **more):
    return Waiting(f"job-{seq}", seq, priority, cpus, GpuRequest(gpus, kind), **more)


def snapshot(*queue, cpus=4.0, gpus=(), running=()):
    return Snapshot(Machine(cpus, gpus), sorted(queue, key=lambda job: job.order), running)


def started(*queue, **machine):
    return [(each.job_id, *each.gpus) for each in plan(snapshot(*queue, **machine))]


def test_nothing_waits_nothing_starts():
    assert plan(snapshot()) == []


def test_what_fits_starts_in_order():
    assert plan(snapshot(waiting(2), waiting(1), cpus=2.0)) == [Start("job-1"), Start("job-2")]


def test_higher_priority_goes_first():
    assert started(waiting(1), waiting(2, priority=5), waiting(3, priority=-5), cpus=2.0) == [("job-2",), ("job-1",)]


def test_ten_tenths_of_a_cpu_fill_it():
    assert len(started(*(waiting(n, cpus=0.1) for n in range(1, 12)), cpus=1.0)) == 10


def test_a_small_job_does_not_pass_one_that_waits_for_the_same():
    running = [Running("job-1", "job-1", 1.0)]
    assert started(waiting(2, cpus=2.0), waiting(3), cpus=2.0, running=running) == []


def test_a_job_that_needs_something_else_goes_past():
    running = [Running("job-1", "job-1", 1.0, ("g0", "g1"))]
    assert started(waiting(2, gpus=1, kind="a100"), waiting(3), gpus=GPUS, running=running) == [("job-3",)]


def test_who_waits_for_a_gpu_of_somebody_outside_holds_back_gpus_and_no_cpus():
    """A stranger's process may stay for days; jobs that need no GPU go past, those that need one do not."""
    outside = (Gpu("g0", A100, 80, "alice"), GPUS[1])
    queue = [waiting(1, cpus=4.0, gpus=2), waiting(2), waiting(3, gpus=1)]
    assert started(*queue, gpus=outside) == [("job-2",)]
    ours = [Running("job-9", "job-9", 0.5, ("g0",))]
    assert started(*queue, gpus=GPUS[:2], running=ours) == []


def test_gpus_of_the_type_asked_for_are_taken_in_their_order():
    assert started(waiting(1, gpus=1, kind="t4"), waiting(2, gpus=2, kind="a100"), gpus=GPUS) == [
        ("job-1", "g2"),
        ("job-2", "g0", "g1"),
    ]


def test_memory_decides_which_gpus_fit():
    assert started(waiting(1, gpus=1, gpu_memory=20), waiting(2, gpus=3, gpu_memory=20), gpus=GPUS) == [("job-1", "g0")]


def test_shares_fill_one_gpu_before_they_break_another():
    halves = [waiting(n, cpus=0.1, gpus=0.5) for n in range(1, 6)]
    assert [each[1] for each in started(*halves, gpus=GPUS[:2])] == ["g0", "g0", "g1", "g1"]


def test_a_gpu_that_somebody_else_holds_is_left_alone():
    foreign = (Gpu("g0", A100, 80, "alice"), GPUS[1])
    assert started(waiting(1, gpus=1), waiting(2, gpus=1), gpus=foreign) == [("job-1", "g1")]


def test_a_job_that_is_held_is_passed_over_and_reserves_nothing():
    assert started(waiting(1, cpus=4.0, held="is being cancelled"), waiting(2)) == [("job-2",)]


def test_a_machine_with_fewer_cpus_than_are_held_starts_nothing():
    assert started(waiting(1), cpus=1.0, running=[Running("job-9", "job-9", 3.0)]) == []


NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SOON = NOW + timedelta(minutes=10)


def begun(*queue, cpus=4.0, running=(), **more):
    ordered = sorted(queue, key=lambda job: job.order)
    return [each.job_id for each in plan(Snapshot(Machine(cpus, **more), ordered, running, NOW))]


def test_a_short_job_goes_past_a_big_one_if_it_ends_before_that_starts():
    running = [Running("job-1", "job-1", 3.0, ends_by=SOON)]
    assert begun(waiting(2, cpus=4.0), waiting(3, time=600.0), running=running) == ["job-3"]
    assert begun(waiting(2, cpus=4.0), waiting(3, time=601.0), running=running) == []
    assert begun(waiting(2, cpus=4.0), waiting(3), running=running) == []


def test_a_long_job_goes_past_a_big_one_if_it_leaves_it_enough():
    running = [Running("job-1", "job-1", 3.0, ends_by=SOON)]
    assert begun(waiting(2, cpus=3.0), waiting(3), waiting(4), running=running) == ["job-3"]


def test_without_a_time_limit_of_what_runs_a_big_job_holds_back_what_it_can_use():
    running = [Running("job-1", "job-1", 3.0)]
    assert begun(waiting(2, cpus=4.0), waiting(3, time=1.0), running=running) == []


def test_memory_is_counted_for_those_who_asked():
    running = [Running("job-1", "job-1", 1.0, memory=6)]
    queue = (waiting(2, memory=3), waiting(3, memory=2), waiting(4))
    assert begun(*queue, running=running, memory=8) == ["job-4"]
    assert begun(*queue, running=running, memory=9) == ["job-2", "job-4"]
    assert begun(*queue, running=running) == ["job-2", "job-3", "job-4"]


def test_a_job_says_how_much_memory_is_free_and_who_holds_it():
    gb = 2**30
    running = [Running("job-1", "job-1", 1.0, memory=gb), Running("job-3", "train", 1.0, memory=20 * gb)]
    asks = waiting(4, memory=8 * gb)
    found = blockers(asks, Snapshot(Machine(4.0, memory=24 * gb), [asks], running))
    assert [(each.code, each.message) for each in found] == [
        ("memory", "needs 8.0 GB of memory, 3.0 GB of 24.0 GB are free; train (job-3), job-1 hold the rest")
    ]


def test_a_tag_at_its_limit_holds_nothing_back_for_others():
    running = [Running("job-3", "job-3", 1.0, tags=("data",)), Running("job-5", "b", 1.0, tags=("data",))]
    queue = [waiting(6, tags=("data",)), waiting(7)]
    limited = Snapshot(Machine(4.0), queue, running, tag_limits={"data": 2})
    assert [each.job_id for each in plan(limited)] == ["job-7"]
    assert [each.message for each in blockers(queue[0], limited)] == [
        "2 of 2 jobs tagged 'data' run (job-3, b (job-5))"
    ]
    one = Snapshot(Machine(4.0), [waiting(n, tags=("data",)) for n in (6, 7)], (), tag_limits={"data": 1})
    assert [each.job_id for each in plan(one)] == ["job-6"]


def test_a_group_at_its_limit_lets_others_past():
    running = [Running("job-1", "a", 1.0, group="map")]
    queue = [waiting(n, group="map", max_parallel=2) for n in (2, 3)]
    full = Snapshot(Machine(8.0), [*queue, waiting(4)], running)
    assert [each.job_id for each in plan(full)] == ["job-2", "job-4"]
    more = [*running, Running("job-2", "job-2", 1.0, group="map")]
    assert [each.message for each in blockers(queue[1], Snapshot(Machine(8.0), queue[1:], more))] == [
        "2 of its group run, 2 may at once (a (job-1), job-2)"
    ]


def why(job, *queue, **machine):
    return [blocker.message for blocker in blockers(job, snapshot(job, *queue, **machine))]


def test_a_job_that_starts_waits_for_nothing():
    assert why(waiting(2), waiting(1)) == []


def test_a_job_says_who_holds_the_cpus_and_until_when():
    until = datetime(2026, 11, 22, 14, 20, tzinfo=UTC)
    running = [Running("job-38", "train", 3.0, ends_by=until), Running("job-39", "job-39", 0.5)]
    assert why(waiting(40, cpus=2.0), running=running) == [
        f"needs 2 CPUs, 0.5 of 4 are free; train (job-38) until {until.astimezone():%H:%M} at the latest, job-39 hold the rest"
    ]


def test_a_job_says_how_many_gpus_are_free_and_who_holds_the_others():
    until = datetime(2026, 11, 22, 14, 20, tzinfo=UTC)
    running = [
        Running("job-38", "train", 1.0, ("g0",), ends_by=until),
        Running("job-39", "job-39", 1.0, ("g1",), 0.25),
        *(Running(f"job-{n}", f"job-{n}", 0.1, ("g1",), 0.125) for n in (40, 41, 42)),
    ]
    gpus = (*GPUS[:2], Gpu("g4", A100, 80, "alice"), Gpu("g5", A100, 80))
    [said] = why(waiting(50, gpus=2, kind="a100"), gpus=gpus, running=running)
    assert said == (
        "needs 2 GPUs of type a100, 1 of 4 is free; "
        f"train (job-38) holds 1 until {until.astimezone():%H:%M} at the latest; job-39 holds 0.25; job-40 holds 0.125; "
        "2 more jobs of this home hold others; alice holds 1"
    )


def test_a_long_list_of_holders_is_cut():
    running = [Running(f"job-{n}", f"job-{n}", 1.0) for n in range(1, 6)]
    assert why(waiting(9), cpus=5.0, running=running) == [
        "needs 1 CPU, 0 of 5 are free; job-1, job-2, job-3 and 2 more hold the rest"
    ]


def test_a_job_behind_one_that_waits_says_so():
    running = [Running("job-1", "job-1", 3.0)]
    found = blockers(waiting(3), snapshot(waiting(2, cpus=2.0), waiting(3), running=running))
    said = "1 job before it in the queue; what is free is kept for that one"
    way_out = "; with a short time limit (-t) it may go first"
    assert [(each.code, each.message) for each in found] == [("order", said + way_out)]
    hour = replace(waiting(3), time=3600.0)
    [found] = blockers(hour, snapshot(waiting(2, cpus=2.0), hour, running=running))
    assert found.message == said


def test_a_job_that_is_held_says_why_and_nothing_else():
    assert why(waiting(1, cpus=99.0, held="is being cancelled")) == ["is being cancelled"]
