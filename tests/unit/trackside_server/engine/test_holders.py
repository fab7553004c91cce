"""Who holds a GPU: leases, notes, processes, memory in use; and what the plan makes of it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from trackside.probes.gpus import GpuFacts, GpuProcess
from trackside_server.domain.gpus import Gpu, held_outside
from trackside_server.domain.plan import Running
from trackside_server.engine.holders import Kernel, Surroundings, holders_of, idle_warnings, planned
from trackside_server.isolation.gpu_locks import Note

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NINE = NOW - timedelta(hours=3)
MB, GB = 1 << 20, 1 << 30
GPU = GpuFacts(0, "GPU-a", "NVIDIA A100-SXM4-80GB", 80 * GB)
ALONE = Surroundings("h1", "ann", 256 * MB)
RUNNER, TEMPLATE, KERNEL = 500, 400, 600
PROGRAM = GpuProcess(777, 18 * GB, user="bob", program="python train.py", ancestors=(777, 700, 1), since=NINE)
OURS = Running("job-38", "train", 1.0, ("GPU-a",), 0.5, NOW)
NOTE = Note(("GPU-a",), 0.5, "ann", "job-38", "h1", pid=RUNNER, template=TEMPLATE)
THEIRS = Note(("GPU-a",), 0.25, "bob", "job-7", "h2", "2026-11-22T09:00:00Z", "2026-11-22T14:20:00Z", 900)


def on(gpu=GPU, known=ALONE, **more):
    return holders_of(replace(gpu, **more), known)


def seen(*processes, known=ALONE):
    """How the plan sees the GPU with these processes on it."""
    gpu = replace(GPU, processes=list(processes), memory_used=sum(each.memory or 0 for each in processes))
    return planned(gpu, holders_of(gpu, known), NOW)


def said(gpu: Gpu):
    return held_outside([gpu])


def clock(moment):
    return f"{moment.astimezone():%H:%M}"


def test_nobody_holds_a_gpu_on_which_nothing_is():
    assert on() == []
    assert seen() == Gpu("GPU-a", GPU.name, 80 * GB)


def test_a_job_of_this_home_holds_its_share_and_is_the_plans_own():
    known = replace(ALONE, jobs=[OURS], began={"job-38": NINE}, notes=[NOTE])
    [holder] = on(known=known)
    assert (holder.kind, holder.label, holder.id, holder.user) == ("job", "train", "job-38", "ann")
    assert (holder.since, holder.until, holder.share) == (NINE, NOW, 0.5)
    assert seen(known=known).foreign == ""


@pytest.mark.parametrize("line", [(701, RUNNER, TEMPLATE, 1), (701, TEMPLATE, 1), (701, 700, RUNNER)])
def test_what_comes_from_the_runner_or_its_template_is_the_jobs(line):
    known = replace(ALONE, jobs=[OURS], notes=[NOTE])
    assert seen(replace(PROGRAM, ancestors=line), known=known).foreign == ""


def test_a_program_beside_our_job_is_not_the_jobs():
    known = replace(ALONE, jobs=[OURS], notes=[NOTE])
    assert [holder.kind for holder in on(known=known, processes=[PROGRAM])] == ["job", "process"]
    assert seen(PROGRAM, known=known).left == 0.0


def test_what_cannot_be_looked_at_is_the_lease_holders_where_there_is_one():
    unseen = GpuProcess(9, GB)
    assert seen(unseen, known=replace(ALONE, jobs=[OURS], notes=[NOTE])).foreign == ""
    assert said(seen(unseen)) == ["process 9 (a program that cannot be seen from here) holds 1"]


def test_another_homes_job_holds_what_its_note_says():
    gpu = seen(known=replace(ALONE, notes=[THEIRS]))
    assert (gpu.left, gpu.shareable) == (0.75, False)
    assert said(gpu) == [f"job-7 of another home (bob) holds 0.25 until about {clock(NOW + timedelta(minutes=140))}"]


def test_shares_of_several_holders_add_up():
    gpu = seen(known=replace(ALONE, notes=[THEIRS, THEIRS._replace(job="job-8", until=None)]))
    assert gpu.left == 0.5
    assert said(gpu) == ["job-7 of another home (bob) and job-8 of another home (bob) hold 0.5"]


def test_a_job_of_this_home_that_is_over_for_the_store_but_still_has_its_note_holds_on():
    assert said(seen(known=replace(ALONE, notes=[NOTE]))) == ["job-38 (ann) holds 0.5"]


def test_a_foreign_program_is_named_with_process_user_and_since_when():
    gpu = seen(PROGRAM)
    assert (gpu.left, gpu.shareable) == (0.0, False)
    assert said(gpu) == [f"process 777 of bob (python train.py) holds 1 since {clock(NINE)}"]


def test_a_job_that_uses_a_gpu_that_it_was_not_given_is_found_out():
    elsewhere = NOTE._replace(gpus=("GPU-b",))
    gpu = seen(replace(PROGRAM, ancestors=(777, RUNNER)), known=replace(ALONE, notes=[elsewhere]))
    assert "python train.py of job-38, which has another GPU" in said(gpu)[0]


@pytest.mark.parametrize(
    "process",
    [replace(PROGRAM, graphics=True), replace(PROGRAM, memory=255 * MB), GpuProcess(3, 100 * MB, graphics=True)],
)
def test_what_only_draws_or_holds_little_does_not_count(process):
    assert seen(process).foreign == ""


def test_the_threshold_can_be_set_and_unknown_memory_counts():
    small = replace(PROGRAM, memory=300 * MB)
    assert seen(small).foreign
    assert not seen(small, known=replace(ALONE, threshold=GB)).foreign
    assert seen(replace(PROGRAM, memory=None)).foreign


def test_a_kernel_is_named_by_its_notebook_with_the_way_out():
    child = replace(PROGRAM, ancestors=(777, KERNEL, 1))
    known = replace(ALONE, kernels=[Kernel(601, "other.ipynb"), Kernel(KERNEL, "analysis.ipynb", NINE)])
    gpu = seen(child, replace(child, pid=778, memory=2 * GB), known=known)
    assert (gpu.shareable, gpu.left) == (True, 1.0)
    assert said(gpu) == ["kernel analysis.ipynb holds 1 and has been idle 3 h (restart it, or submit with --share-gpu)"]
    [holder] = on(known=known, processes=[child, replace(child, pid=778, memory=2 * GB)])
    assert (holder.memory, holder.idle_since, holder.user) == (20 * GB, NINE, "bob")
    busy = replace(known, kernels=[Kernel(KERNEL, "analysis.ipynb")])
    assert said(seen(child, known=busy)) == ["kernel analysis.ipynb holds 1 (restart it, or submit with --share-gpu)"]


def test_a_kernel_beside_a_foreign_program_makes_nothing_shareable():
    known = replace(ALONE, kernels=[Kernel(KERNEL, "analysis.ipynb", NINE)])
    assert not seen(PROGRAM, replace(PROGRAM, ancestors=(KERNEL,)), known=known).shareable


def test_where_nvml_lists_no_process_memory_in_use_decides_and_says_so():
    full = replace(GPU, memory_used=18 * GB)
    gpu = planned(full, holders_of(full, ALONE), NOW)
    assert gpu.left == 0.0
    who, why = "a program that cannot be seen from here holds 1", "(18.0 GB are in use; NVML lists no process here"
    assert said(gpu) == [f"{who} {why}, so memory in use decides)"]
    assert on(memory_used=200 * MB) == []
    assert on(memory_used=GB, processes=[replace(PROGRAM, graphics=True)]) == []
    assert [holder.kind for holder in on(known=replace(ALONE, jobs=[OURS]), memory_used=GB)] == ["job"]


def test_one_with_an_error_is_not_handed_out_whoever_holds_it():
    lost = replace(GPU, error="GPU is lost")
    assert said(planned(lost, [], NOW)) == ["1 is not handed out: GPU is lost"]
    assert planned(lost, [], NOW).left == 0.0


def test_a_lock_that_is_held_without_a_note_keeps_the_gpu_out():
    assert said(planned(GPU, [], NOW, refused=True)) == ["somebody outside this home holds 1 (its lock is held)"]


@pytest.mark.parametrize("written", ["", "x", "2026", "2026-11-22T09:00:00", "\0"])
def test_a_note_with_nonsense_in_it_is_read_all_the_same(written):
    [holder] = on(known=replace(ALONE, notes=[THEIRS._replace(since=written, until=written)]))
    assert (holder.since, holder.until) == (None, None)


def test_a_kernel_that_keeps_a_gpu_and_idles_is_warned_of():
    known = replace(ALONE, kernels=[Kernel(KERNEL, "analysis.ipynb", NINE)])
    gpu = replace(GPU, processes=[replace(PROGRAM, ancestors=(KERNEL,))])
    held = [(gpu, holders_of(gpu, known))]
    assert list(idle_warnings(held, NOW)) == [
        "The kernel analysis.ipynb holds 18.0 GB of GPU 0 and has been idle 3 h; restart it to free the GPU."
    ]
    assert list(idle_warnings(held, NINE + timedelta(minutes=59))) == []


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_a_moment_in_anothers_note_that_no_clock_here_can_show_stops_no_queue(zone, moment, monkeypatch):
    with monkeypatch.context() as there:
        there.setenv("TZ", zone)
        time.tzset()
        gpu = seen(known=replace(ALONE, notes=[THEIRS._replace(since=moment, until=moment)]))
        assert "job-7 of another home (bob)" in said(gpu)[0]
    time.tzset()


@pytest.mark.parametrize("share", [-5.0, 0.0, float("nan"), 1e308])
def test_anothers_note_never_makes_more_of_a_gpu_than_there_is(share):
    assert seen(known=replace(ALONE, notes=[THEIRS._replace(share=share)])).left == 0.0


def test_the_label_of_anothers_note_moves_no_cursor_and_fills_no_screen():
    [holder] = on(known=replace(ALONE, notes=[THEIRS._replace(job="\x1b[2Jjob\n" + "x" * 9999)]))
    assert holder.label.startswith("[2Jjobxxx")
    assert len(holder.label) < 200
