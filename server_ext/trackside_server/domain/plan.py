"""Which waiting jobs start now: a pure function of what waits, what runs and what the machine has.

Order is priority, then first come. A job that does not fit holds back what it could already use, so that smaller jobs
behind it never take it away again; jobs that need other things go past it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from trackside.models import Blocker, GpuRequest

__all__ = ["Gpu", "Machine", "Running", "Snapshot", "Start", "Waiting", "blockers", "matches_type", "plan"]

_EPSILON = 1e-9
"""What sums of shares may be off by: ten jobs of 0.1 CPU fill one CPU."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job in the queue. ``held`` says why it may not start whatever is free (empty: it may)."""

    id: str
    seq: int
    priority: int
    cpus: float
    gpus: GpuRequest
    gpu_memory: int | None = None
    held: str = ""

    @property
    def order(self) -> tuple[int, int]:
        """Sorts the queue: higher priority first, then first come."""
        return (-self.priority, self.seq)


@dataclass(frozen=True, slots=True)
class Running:
    """A job that holds CPUs and GPUs; ``ends_by`` is the latest time it can end, None without a time limit."""

    id: str
    name: str
    cpus: float
    gpus: tuple[str, ...] = ()
    gpu_share: float = 1.0
    ends_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU of the machine. ``foreign`` says who outside this home holds it (empty: nobody)."""

    uuid: str
    type: str
    memory: int
    foreign: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to give."""

    cpus: float
    gpus: tuple[Gpu, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a plan depends on; ``waiting`` is sorted by ``order``."""

    machine: Machine
    waiting: Sequence[Waiting]
    running: Sequence[Running]


@dataclass(frozen=True, slots=True)
class Start:
    """Start this job on these GPUs."""

    job_id: str
    gpus: tuple[str, ...] = ()


@dataclass(slots=True)
class _Free:
    """What is left while a plan is made."""

    cpus: float
    gpus: dict[str, float] = field(default_factory=dict)


def plan(snapshot: Snapshot) -> list[Start]:
    """Return the jobs to start now, in order, each with its GPUs."""
    free, actions = _free(snapshot), []
    for job in _in_turn(snapshot.waiting, free):
        chosen = _start(job, snapshot.machine.gpus, free)
        if chosen is not None:
            actions.append(Start(job.id, chosen))
        _take(job, snapshot.machine.gpus, free)
    return actions


def blockers(job: Waiting, snapshot: Snapshot) -> list[Blocker]:
    """Return what this job waits for, by the same rules that ``plan`` starts it by; empty when ``plan`` starts it."""
    if job.held:
        return [Blocker("held", job.held)]
    gpus, left = snapshot.machine.gpus, _free(snapshot)
    ahead = bisect_left(snapshot.waiting, job.order, key=lambda waiting: waiting.order)
    for other in _in_turn(islice(snapshot.waiting, ahead), left):
        _take(other, gpus, left)
    if _start(job, gpus, left) is not None:
        return []
    free, found = _free(snapshot), []
    if not _has_cpus(job, free):
        found.append(_cpu_blocker(job, snapshot, free))
    if _choose(job, gpus, free) is None:
        found.append(_gpu_blocker(job, snapshot, free))
    if ahead:
        found.append(Blocker("order", f"{_count(ahead, 'job')} before it in the queue"))
    return found


def _in_turn(waiting: Iterable[Waiting], free: _Free) -> Iterator[Waiting]:
    """The jobs whose turn comes: those not held, while there are CPUs to give."""
    for job in waiting:
        if free.cpus <= _EPSILON:
            return
        if not job.held:
            yield job


def _start(job: Waiting, gpus: Sequence[Gpu], free: _Free) -> tuple[str, ...] | None:
    """The GPUs with which the job starts on what is free, None when it does not start."""
    return _choose(job, gpus, free) if _has_cpus(job, free) else None


def _has_cpus(job: Waiting, free: _Free) -> bool:
    return job.cpus <= free.cpus + _EPSILON


def _free(snapshot: Snapshot) -> _Free:
    free = _Free(snapshot.machine.cpus, {gpu.uuid: 0.0 if gpu.foreign else 1.0 for gpu in snapshot.machine.gpus})
    for job in snapshot.running:
        free.cpus -= job.cpus
        for uuid in job.gpus:
            if uuid in free.gpus:
                free.gpus[uuid] -= job.gpu_share
    return free


def _fits(job: Waiting, gpu: Gpu) -> bool:
    type_fits = job.gpus.type is None or matches_type(job.gpus.type, gpu.type)
    return type_fits and (job.gpu_memory is None or gpu.memory >= job.gpu_memory)


def matches_type(asked: str, name: str) -> bool:
    """Whether a GPU of this product name is of the type asked for (``a100-80gb`` fits ``NVIDIA A100-SXM4-80GB``)."""
    words = name.lower().replace("-", " ").replace("_", " ").split()
    parts = asked.replace("-", " ").replace(".", " ").replace("_", " ").split()
    return all(any(_begins(words[first:], part) for first in range(len(words))) for part in parts)


def _begins(words: Sequence[str], part: str) -> bool:
    """Whether these words begin with a part, written apart or as one; no number is cut: ``a10`` is no ``a100``."""
    text = ""
    for word in words:
        text += word
        if text == part:
            return True
        if text.startswith(part):
            return not (part[-1].isdigit() and text[len(part)].isdigit())
        if not part.startswith(text):
            return False
    return False


def _usable(job: Waiting, gpus: Sequence[Gpu], free: _Free) -> tuple[str, ...]:
    share = min(job.gpus.count, 1.0)
    fitting = [gpu for gpu in gpus if _fits(job, gpu) and free.gpus[gpu.uuid] >= share - _EPSILON]
    if share < 1:  # fill a shared GPU before breaking a whole one
        fitting.sort(key=lambda gpu: free.gpus[gpu.uuid])
    return tuple(gpu.uuid for gpu in fitting[: max(1, round(job.gpus.count))])


def _choose(job: Waiting, gpus: Sequence[Gpu], free: _Free) -> tuple[str, ...] | None:
    if job.gpus.count == 0:
        return ()
    usable = _usable(job, gpus, free)
    return usable if len(usable) == max(1, round(job.gpus.count)) else None


def _take(job: Waiting, gpus: Sequence[Gpu], free: _Free) -> None:
    """Take what the job starts with, or what it can already use of what it waits for.

    A job that waits for whole GPUs also keeps the rest of shared ones, so that shares do not go on in turns there.
    """
    free.cpus -= min(job.cpus, free.cpus)
    if not job.gpus.count:
        return
    usable = _usable(job, gpus, free)
    for uuid in usable:
        free.gpus[uuid] -= min(job.gpus.count, 1.0)
    if job.gpus.count >= 1:
        shared = [gpu.uuid for gpu in gpus if _fits(job, gpu) and _EPSILON < free.gpus[gpu.uuid] < 1 - _EPSILON]
        for uuid in shared[: round(job.gpus.count) - len(usable)]:
            free.gpus[uuid] = 0.0


def _cpu_blocker(job: Waiting, snapshot: Snapshot, free: _Free) -> Blocker:
    holders = [running for running in snapshot.running if running.cpus]
    return Blocker(
        "cpus",
        f"needs {_count(job.cpus, 'CPU')}, {max(free.cpus, 0):g} of {snapshot.machine.cpus:g} "
        f"{'is' if free.cpus == 1 else 'are'} free; {_held_by(holders)}",
    )


def _gpu_blocker(job: Waiting, snapshot: Snapshot, free: _Free) -> Blocker:
    fitting = [gpu for gpu in snapshot.machine.gpus if _fits(job, gpu)]
    share = min(job.gpus.count, 1.0)
    open_now = sum(1 for gpu in fitting if free.gpus[gpu.uuid] >= share - _EPSILON)
    uuids = {gpu.uuid for gpu in fitting}
    holders = [running for running in snapshot.running if uuids.intersection(running.gpus)]
    said = [_held_by(holders)] if holders else []
    said += [f"{gpu.foreign} holds {gpu.type}" for gpu in fitting if gpu.foreign]
    kind = f" of type {job.gpus.type}" if job.gpus.type else ""
    return Blocker(
        "gpus",
        f"needs {_count(job.gpus.count, 'GPU')}{kind}, {open_now} of {len(fitting)} {'is' if open_now == 1 else 'are'} free"
        + (f"; {'; '.join(said)}" if said else ""),
    )


def _held_by(holders: list[Running]) -> str:
    if not holders:
        return "nothing of this home holds the rest"
    named = [_holder(running) for running in holders[:3]]
    more = f" and {len(holders) - 3} more" if len(holders) > 3 else ""
    return ", ".join(named) + more + (" holds the rest" if len(holders) == 1 else " hold the rest")


def _holder(running: Running) -> str:
    until = f" until {running.ends_by.astimezone():%H:%M} at the latest" if running.ends_by else ""
    return f"{running.name}{until}" if running.name == running.id else f"{running.name} ({running.id}){until}"


def _count(number: float, noun: str) -> str:
    return f"{number:g} {noun}{'' if number <= 1 else 's'}"
