"""What a waiting job waits for, in sentences; decided by the plan itself, so that no explanation contradicts it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from trackside.models import Blocker
from trackside.models.units import format_size
from trackside_server.domain.gpus import fits, held_outside
from trackside_server.domain.plan import Free, Running, Snapshot, Waiting, at_their_limit, can_use, group_is_full, suits

__all__ = ["blockers"]

_NAMED = 3
"""Jobs that a sentence names."""


def blockers(job: Waiting, snapshot: Snapshot) -> list[Blocker]:
    """Return what this job waits for; empty if, and only if, ``plan`` starts it. It need not stand in the queue yet."""
    found = [Blocker("paused", snapshot.paused)] if snapshot.paused else []
    if job.held:
        found.append(Blocker("held", job.held))
    if found:
        return found
    ahead = bisect_left(snapshot.waiting, job.order, key=lambda waiting: waiting.order)
    if ahead == len(snapshot.waiting) or snapshot.waiting[ahead].id != job.id:
        snapshot = replace(snapshot, waiting=[*snapshot.waiting[:ahead], job])
    if job.id in snapshot.starts:
        return []
    return _found(job, snapshot, ahead)


def _found(job: Waiting, snapshot: Snapshot, ahead: int) -> list[Blocker]:
    free = snapshot.free
    found = [*_tag_blockers(job, snapshot), *_group_blocker(job, snapshot)]
    if not free.has_cpus(job):
        found.append(_cpu_blocker(job, snapshot, free))
    if not free.has_memory(job):
        found.append(_memory_blocker(job, snapshot, free))
    if job.gpus.count and _usable_now(job, snapshot, free) < job.gpu_count:
        found.append(_gpu_blocker(job, snapshot, free))
    if ahead:
        found.append(Blocker("order", _order(job, ahead, only=not found)))
    return found


def _order(job: Waiting, ahead: int, *, only: bool) -> str:
    """With ``only`` all that it needs is free: it stays so for those before it, which it may not delay."""
    said = f"{_count(ahead, 'job')} before it in the queue"
    if not only:
        return said
    kept = f"{said}; what is free is kept for {'that one' if ahead == 1 else 'them'}"
    return kept if job.time is not None else f"{kept}; with a short time limit (-t) it may go first"


def _tag_blockers(job: Waiting, snapshot: Snapshot) -> list[Blocker]:
    limits = snapshot.tag_limits
    holders = {tag: [each for each in snapshot.running if tag in each.tags] for tag in job.tags if tag in limits}
    full = at_their_limit(job, limits, {tag: len(jobs) for tag, jobs in holders.items()})
    return [
        Blocker("tag", f"no job tagged {tag!r} may run now")
        if not limits[tag]
        else Blocker(
            "tag",
            f"{len(holders[tag])} of {_count(limits[tag], 'job')} tagged {tag!r} {_run(len(holders[tag]))}"
            + (f" ({_listed(holders[tag])})" if holders[tag] else ""),
        )
        for tag in full
    ]


def _group_blocker(job: Waiting, snapshot: Snapshot) -> list[Blocker]:
    holders = [each for each in snapshot.running if job.group and each.group == job.group]
    if not group_is_full(job, {job.group: len(holders)}):
        return []
    said = f"{len(holders)} of its group {_run(len(holders))}, {job.max_parallel} may at once ({_listed(holders)})"
    return [Blocker("group", said)]


def _cpu_blocker(job: Waiting, snapshot: Snapshot, free: Free) -> Blocker:
    return Blocker(
        "cpus",
        f"needs {_count(job.cpus, 'CPU')}, {max(free.cpus, 0):g} of {snapshot.machine.cpus:g} "
        f"{'is' if free.cpus == 1 else 'are'} free; {_held_by(snapshot.holding_cpus)}",
    )


def _memory_blocker(job: Waiting, snapshot: Snapshot, free: Free) -> Blocker:
    holders = sorted((each for each in snapshot.running if each.memory), key=lambda each: -each.memory)
    left, whole = format_size(max(free.memory, 0)), format_size(snapshot.machine.memory)
    return Blocker(
        "memory", f"needs {format_size(job.memory)} of memory, {left} of {whole} are free; {_held_by(holders)}"
    )


def _usable_now(job: Waiting, snapshot: Snapshot, free: Free) -> int:
    return sum(1 for gpu in snapshot.machine.gpus if suits(job, gpu) and can_use(job.gpu_share, free.gpus[gpu.uuid]))


def _gpu_blocker(job: Waiting, snapshot: Snapshot, free: Free) -> Blocker:
    fitting = [gpu for gpu in snapshot.machine.gpus if fits(gpu, job.gpus, job.gpu_memory)]
    open_now = _usable_now(job, snapshot, free)
    uuids = {gpu.uuid for gpu in fitting}
    holders = [running for running in snapshot.running if uuids.intersection(running.gpus)]
    said = [_holds(running, uuids) for running in holders[:_NAMED]]
    if len(holders) > _NAMED:
        said.append(f"{_count(len(holders) - _NAMED, 'more job')} of this home hold others")
    said += held_outside(fitting)
    kind = f" of type {job.gpus.type}" if job.gpus.type else ""
    return Blocker(
        "gpus",
        f"needs {_count(job.gpus.count, 'GPU')}{kind}, {open_now} of {len(fitting)} {'is' if open_now == 1 else 'are'} free"
        + (f"; {'; '.join(said)}" if said else ""),
    )


def _holds(running: Running, gpus: set[str]) -> str:
    held = len(gpus.intersection(running.gpus)) * running.gpu_share
    return f"{_name(running)} holds {held:g}{_until(running)}"


def _held_by(holders: Sequence[Running]) -> str:
    if not holders:
        return "nothing of this home holds the rest"
    return _listed(holders) + (" holds the rest" if len(holders) == 1 else " hold the rest")


def _listed(holders: Sequence[Running]) -> str:
    more = f" and {len(holders) - _NAMED} more" if len(holders) > _NAMED else ""
    return ", ".join(_holder(running) for running in holders[:_NAMED]) + more


def _holder(running: Running) -> str:
    return f"{_name(running)}{_until(running)}"


def _name(running: Running) -> str:
    return running.name if running.name == running.id else f"{running.name} ({running.id})"


def _until(running: Running) -> str:
    return f" until {running.ends_by.astimezone():%H:%M} at the latest" if running.ends_by else ""


def _run(number: int) -> str:
    return "runs" if number == 1 else "run"


def _count(number: float, noun: str) -> str:
    return f"{number:g} {noun}{'' if number <= 1 else 's'}"
