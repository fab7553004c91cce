"""The plan by example; what it promises of every machine is among the properties."""

from datetime import UTC, datetime

import pytest

from trackside.models import GpuRequest
from trackside_server.domain.plan import Gpu, Machine, Running, Snapshot, Start, Waiting, blockers, matches_type, plan

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
    running = [Running("job-38", "job-38", 1.0, ("g0",))]
    gpus = (*GPUS[:1], Gpu("g1", A100, 80, "alice"))
    assert why(waiting(40, gpus=2, kind="a100"), gpus=gpus, running=running) == [
        f"needs 2 GPUs of type a100, 0 of 2 are free; job-38 holds the rest; alice holds {A100}"
    ]


def test_a_long_list_of_holders_is_cut():
    running = [Running(f"job-{n}", f"job-{n}", 1.0) for n in range(1, 6)]
    assert why(waiting(9), cpus=5.0, running=running) == [
        "needs 1 CPU, 0 of 5 are free; job-1, job-2, job-3 and 2 more hold the rest"
    ]


def test_a_job_behind_one_that_waits_says_so():
    running = [Running("job-1", "job-1", 3.0)]
    found = blockers(waiting(3), snapshot(waiting(2, cpus=2.0), waiting(3), running=running))
    assert [(each.code, each.message) for each in found] == [("order", "1 job before it in the queue")]


def test_a_job_that_is_held_says_why_and_nothing_else():
    assert why(waiting(1, cpus=99.0, held="is being cancelled")) == ["is being cancelled"]


@pytest.mark.parametrize(
    ("asked", "name", "fits"),
    [
        ("a100", A100, True), ("a100-80gb", A100, True), ("a100-80gb.sxm", A100, True), ("nvidia a100", A100, True), ("a100-40gb", A100, False),
        ("h100", A100, False), ("t4", T4, True), ("tesla", T4, True), ("100", A100, False), ("4090", "NVIDIA GeForce RTX 4090", True),
        ("rtx_4090", "NVIDIA GeForce RTX 4090", True), ("a10", A100, False), ("a10", "NVIDIA A10G", True), ("l4", "NVIDIA L40S", False),
        ("l4", "NVIDIA L4", True), ("rtx4090", "NVIDIA GeForce RTX 4090", True), ("gtx1080ti", "NVIDIA GeForce GTX 1080 Ti", True),
        ("rtx40", "NVIDIA GeForce RTX 4090", False), ("h100", "NVIDIA H100 80GB HBM3", True), ("sxm", A100, True),
    ],
)  # fmt: skip
def test_a_type_is_found_in_the_name_of_the_product(asked, name, fits):
    assert matches_type(asked, name) is fits
