"""What the plan promises, over machines and queues of all kinds."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from trackside.models import GpuRequest
from trackside_server.domain.blockers import blockers
from trackside_server.domain.forecast import starts_about
from trackside_server.domain.gpus import Gpu, Machine
from trackside_server.domain.plan import Running, Snapshot, Start, Waiting, plan, started

_EPSILON = 1e-6
_TYPES = ("NVIDIA A100-SXM4-80GB", "NVIDIA H100 PCIe", "Tesla T4")
_MEMORY = {_TYPES[0]: 80, _TYPES[1]: 80, _TYPES[2]: 16}

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
_TAGS = ("data", "sweep")

cpus = st.sampled_from((0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 8.0))
memories = st.sampled_from((0, 0, 1, 4, 8))
times = st.sampled_from((None, 60.0, 600.0, 3600.0))
tags = st.lists(st.sampled_from(_TAGS), max_size=2, unique=True).map(tuple)
groups = st.sampled_from(("", "", "map", "night"))
shares = st.builds(GpuRequest, st.sampled_from((0.125, 0.5)))
requests = st.one_of(
    st.just(GpuRequest(0)),
    st.builds(GpuRequest, st.sampled_from((0.125, 0.5, 1.0, 2.0, 3.0)), st.sampled_from((None, "a100", "t4", "h100"))),
)


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    kinds = draw(st.lists(st.sampled_from(_TYPES), max_size=4))
    foreign = draw(st.lists(st.sampled_from(("", "", "", "alice")), min_size=len(kinds), max_size=len(kinds)))
    gpus = [Gpu(f"gpu-{n}", kind, _MEMORY[kind], foreign[n]) for n, kind in enumerate(kinds)]
    return Machine(draw(st.sampled_from((1.0, 2.0, 4.0, 16.0))), tuple(gpus), draw(st.sampled_from((0, 8))))


ends = st.sampled_from((None, -60, 60, 600, 7200)).map(lambda late: late and NOW + timedelta(seconds=late))


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """A machine, what runs on it (within what it has), and a queue in its order."""
    machine = draw(machines())
    running: list[Running] = []
    for number in range(draw(st.integers(0, 4))):
        gpus = draw(st.lists(st.sampled_from(machine.gpus), max_size=2, unique=True)) if machine.gpus else []
        share = draw(st.sampled_from((0.125, 0.5, 1.0))) if len(gpus) == 1 else 1.0
        name, held = f"running-{number}", tuple(gpu.uuid for gpu in gpus)
        job = Running(name, name, draw(cpus), held, share, draw(ends), draw(memories), draw(tags), draw(groups))
        if _holds(machine, [*running, job]):
            running.append(job)
    count = draw(st.integers(0, 8))
    waiting = [
        Waiting(
            f"job-{seq}",
            seq,
            draw(st.integers(-1, 1)),
            draw(cpus),
            draw(requests),
            draw(st.sampled_from((None, None, 40))),
            draw(st.sampled_from(("", "", "", "is being cancelled"))),
            memory=draw(memories),
            time=draw(times),
            tags=draw(tags),
            group=draw(groups),
            max_parallel=draw(st.sampled_from((0, 0, 1, 2))),
        )
        for seq in range(1, count + 1)
    ]
    waiting.sort(key=lambda job: job.order)
    limits = draw(st.sampled_from(({}, {"data": 1}, {"data": 2, "sweep": 0})))
    return Snapshot(machine, waiting, running, draw(st.sampled_from((None, NOW))), tag_limits=limits)


def _holds(machine: Machine, running: list[Running]) -> bool:
    """Whether the machine has all that these jobs hold."""
    if sum(job.cpus for job in running) > machine.cpus + _EPSILON:
        return False
    if machine.memory and sum(job.memory for job in running) > machine.memory:
        return False
    for gpu in machine.gpus:
        held = sum(job.gpu_share for job in running if gpu.uuid in job.gpus)
        if held > (0 if gpu.foreign else 1) + _EPSILON:
            return False
    return True


def _started(snapshot: Snapshot, actions: list[Start]) -> list[Running]:
    """What runs once these are started."""
    jobs = {job.id: job for job in snapshot.waiting}
    return [*snapshot.running, *(started(jobs[each.job_id], each.gpus, snapshot.now) for each in actions)]


@given(snapshots())
def test_no_more_is_given_than_there_is(snapshot: Snapshot) -> None:
    actions = plan(snapshot)
    assert len({each.job_id for each in actions}) == len(actions)
    assert _holds(snapshot.machine, _started(snapshot, actions))


@given(snapshots())
def test_each_job_gets_what_it_asked_for(snapshot: Snapshot) -> None:
    gpus = {gpu.uuid: gpu for gpu in snapshot.machine.gpus}
    jobs = {job.id: job for job in snapshot.waiting}
    for each in plan(snapshot):
        job = jobs[each.job_id]
        assert len(set(each.gpus)) == len(each.gpus) == (0 if job.gpus.count == 0 else max(1, job.gpus.count))
        for uuid in each.gpus:
            assert job.gpus.type is None or job.gpus.type in gpus[uuid].type.lower()
            assert job.gpu_memory is None or gpus[uuid].memory >= job.gpu_memory
            assert not gpus[uuid].foreign
        assert not job.held


@given(snapshots())
def test_jobs_start_in_the_order_of_the_queue(snapshot: Snapshot) -> None:
    order = [job.id for job in snapshot.waiting]
    begun = [each.job_id for each in plan(snapshot)]
    assert begun == [job for job in order if job in begun]


@given(snapshots(), st.integers(0, 8))
def test_jobs_further_back_change_nothing_for_those_before_them(snapshot: Snapshot, length: int) -> None:
    before = replace(snapshot, waiting=snapshot.waiting[:length])
    ahead = {job.id for job in before.waiting}
    assert plan(before) == [each for each in plan(snapshot) if each.job_id in ahead]


@given(snapshots())
def test_the_same_snapshot_gives_the_same_plan(snapshot: Snapshot) -> None:
    again = Snapshot(snapshot.machine, list(snapshot.waiting), list(reversed(snapshot.running)))
    again = replace(again, now=snapshot.now, tag_limits=snapshot.tag_limits)
    assert [each.job_id for each in plan(snapshot)] == [each.job_id for each in plan(again)]
    assert plan(snapshot) == plan(snapshot)


@given(snapshots())
@settings(max_examples=300)
def test_a_job_has_blockers_if_and_only_if_the_plan_does_not_start_it(snapshot: Snapshot) -> None:
    begun = {each.job_id for each in plan(snapshot)}
    for job in snapshot.waiting:
        found = blockers(job, snapshot)
        assert (job.id in begun) == (not found), f"{job}: {found}"
        assert all(blocker.message for blocker in found)


@given(snapshots())
def test_a_plan_that_was_performed_leaves_nothing_to_start(snapshot: Snapshot) -> None:
    actions = plan(snapshot)
    begun = {each.job_id for each in actions}
    waiting = [job for job in snapshot.waiting if job.id not in begun]
    after = replace(snapshot, waiting=waiting, running=_started(snapshot, actions))
    assert plan(after) == []


@given(machines(), requests | st.just(GpuRequest(1)), st.data())
@settings(max_examples=200)
def test_the_first_of_the_queue_starts_when_what_ran_before_it_has_ended(
    machine: Machine, request: GpuRequest, data: st.DataObject
) -> None:
    """However many jobs come in behind it, and whatever they are: the head waits no longer than for what runs now."""
    head = Waiting("head", 0, 0, min(data.draw(cpus), machine.cpus), request)
    if not plan(Snapshot(machine, [head], [])):
        return  # the machine never has that much
    shared = [gpu for gpu in machine.gpus if not gpu.foreign and data.draw(st.booleans())]
    running = [Running(f"shares-{gpu.uuid}", "old", 0.1, (gpu.uuid,), 0.5) for gpu in shared]
    room = machine.cpus - 0.1 * len(shared)
    running += [Running(f"old-{n}", "old", 1.0) for n in range(data.draw(st.integers(0, int(room))))]
    ends = {job.id: data.draw(st.integers(1, 4)) for job in running}
    for now in range(6):
        running = [job for job in running if ends[job.id] > now]
        newer = [
            Waiting(f"new-{now}-{n}", 10 * now + n + 1, 0, data.draw(cpus), data.draw(requests | shares))
            for n in range(data.draw(st.integers(0, 4)))
        ]
        snapshot = Snapshot(machine, [head, *newer], running)
        actions = plan(snapshot)
        if any(each.job_id == "head" for each in actions):
            return
        running = _started(snapshot, actions)
        ends |= {each.job_id: now + data.draw(st.integers(1, 100)) for each in actions}
    raise AssertionError(f"the head still waits: {blockers(head, snapshot)}")


@given(snapshots())
def test_no_more_jobs_with_a_tag_run_than_may(snapshot: Snapshot) -> None:
    before = Counter(tag for job in snapshot.running for tag in job.tags)
    after = Counter(tag for job in _started(snapshot, plan(snapshot)) for tag in job.tags)
    assert all(after[tag] <= max(most, before[tag]) for tag, most in snapshot.tag_limits.items())


@given(snapshots())
def test_no_more_of_a_group_run_than_who_starts_allows(snapshot: Snapshot) -> None:
    jobs = {job.id: job for job in snapshot.waiting}
    running = Counter(job.group for job in snapshot.running)
    for each in plan(snapshot):  # in the order of their start
        job = jobs[each.job_id]
        running[job.group] += 1
        assert not job.max_parallel or not job.group or running[job.group] <= job.max_parallel


@given(snapshots())
def test_a_paused_queue_starts_nothing_and_says_so(snapshot: Snapshot) -> None:
    paused = replace(snapshot, paused="the queue is paused")
    assert plan(paused) == []
    assert all(blockers(job, paused)[0].code == "paused" for job in snapshot.waiting)


@given(machines(), requests, st.data())
@settings(max_examples=300, deadline=None)
def test_what_goes_past_the_first_of_the_queue_never_delays_it(
    machine: Machine, request: GpuRequest, data: st.DataObject
) -> None:
    """All that runs has a time limit; however much comes in behind the head, it starts when it would have without."""
    head = Waiting("head", 0, 9, min(data.draw(cpus), machine.cpus), request, memory=data.draw(memories))
    running: list[Running] = []
    for number in range(data.draw(st.integers(1, 6))):
        gpus = data.draw(st.lists(st.sampled_from(machine.gpus), max_size=2, unique=True)) if machine.gpus else []
        end = NOW + timedelta(minutes=data.draw(st.integers(1, 30)))
        job = Running(
            f"old-{number}", "old", data.draw(cpus), tuple(gpu.uuid for gpu in gpus), 1.0, end, data.draw(memories)
        )
        if _holds(machine, [*running, job]):
            running.append(job)
    promised = starts_about(head, Snapshot(machine, [head], running, NOW))
    if promised is None:
        return  # the machine never has that much
    now = NOW
    while now < promised:
        newer = [
            Waiting(
                f"new-{now:%H%M}-{n}",
                int(now.timestamp()) + n,
                0,
                data.draw(cpus),
                data.draw(requests | shares),
                memory=data.draw(memories),
                time=data.draw(times),
            )
            for n in range(data.draw(st.integers(0, 3)))
        ]
        snapshot = Snapshot(machine, [head, *newer], running, now)
        actions = plan(snapshot)
        if any(each.job_id == "head" for each in actions):
            return
        running = _started(snapshot, actions)
        now = min(job.ends_by for job in running if job.ends_by is not None and job.ends_by > now)
        running = [job for job in running if job.ends_by is None or job.ends_by > now]
    assert plan(Snapshot(machine, [head], running, now)), f"the head waits past {promised}: {running}"


@given(snapshots())
@settings(max_examples=200, deadline=None)
def test_a_job_that_may_start_now_is_forecast_for_now_and_another_for_later(snapshot: Snapshot) -> None:
    begun = {each.job_id for each in plan(snapshot)}
    for job in snapshot.waiting:
        about = starts_about(job, snapshot)
        if job.id in begun and snapshot.now is not None:
            assert about == snapshot.now
        elif about is not None:
            assert about >= NOW
