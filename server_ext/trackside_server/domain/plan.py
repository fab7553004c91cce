"""Which waiting jobs start now: a pure function of what waits, what runs and what the machine has.

Order is priority, then first come. The first job of each shape that does not fit gets a reservation: the earliest time,
by the time limits of what runs, at which it does. A job behind it goes past only if it ends before then, or leaves the
reserved things alone (backfill), so that no reservation is ever pushed back. Where that time cannot be known, the job
holds back what it could already use instead, and smaller jobs never take that away again. One that waits for a GPU that
somebody outside this home holds, perhaps for days, holds back GPUs alone.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from math import inf

from trackside.models import GpuRequest
from trackside_server.domain.gpus import Gpu, Machine, fits

__all__ = [
    "Free",
    "Gpu",
    "Machine",
    "Running",
    "Snapshot",
    "Start",
    "Waiting",
    "at_their_limit",
    "can_use",
    "free_of",
    "group_is_full",
    "plan",
    "started",
    "suits",
]

_EPSILON = 1e-9
"""What sums of shares may be off by: ten jobs of 0.1 CPU fill one CPU."""
_RESERVATIONS = 8
"""Reservations that a plan keeps; later jobs that do not fit hold back what they can use."""
_PROMISES = 64
"""Shapes that reserve or hold back anything; jobs of others are seen to when they come nearer to their turn."""

Shape = tuple[float, int, float, str | None, int | None, bool, float | None]
_Kind = tuple[float, str | None, int | None, bool]
"""The part of a shape that says which GPUs a job can use."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job in the queue. ``held`` says why it may not start whatever is free (empty: it may).

    ``memory`` is in bytes (0: it did not ask), ``time`` its time limit in seconds.
    """

    id: str
    seq: int
    priority: int
    cpus: float
    gpus: GpuRequest
    gpu_memory: int | None = None
    held: str = ""
    share_gpu: bool = False
    """Whether it may use a GPU that kernels of this server use."""
    memory: int = 0
    time: float | None = None
    tags: tuple[str, ...] = ()
    group: str = ""
    max_parallel: int = 0
    """How many of its group may run, itself among them (0: any number)."""
    shape: Shape = field(init=False, repr=False, compare=False)
    """Jobs of one shape fit, or do not fit, together."""

    def __post_init__(self) -> None:
        gpus = self.gpus
        asked = (self.cpus, self.memory, gpus.count, gpus.type, self.gpu_memory, self.share_gpu, self.time)
        object.__setattr__(self, "shape", asked)

    @property
    def order(self) -> tuple[int, int]:
        """Sorts the queue: higher priority first, then first come."""
        return (-self.priority, self.seq)

    @property
    def gpu_count(self) -> int:
        """How many GPUs it uses, whole or the one that it has a share of."""
        return max(1, round(self.gpus.count)) if self.gpus.count else 0

    @property
    def gpu_share(self) -> float:
        """How much of each of its GPUs it uses."""
        return min(self.gpus.count, 1.0)


@dataclass(frozen=True, slots=True)
class Running:
    """A job that holds CPUs, memory and GPUs; ``ends_by`` is the latest time it can end, None without a time limit."""

    id: str
    name: str
    cpus: float
    gpus: tuple[str, ...] = ()
    gpu_share: float = 1.0
    ends_by: datetime | None = None
    memory: int = 0
    tags: tuple[str, ...] = ()
    group: str = ""


@dataclass(frozen=True)
class Snapshot:
    """Everything that a plan depends on; ``waiting`` is sorted by ``order``.

    ``now`` None: nothing can be said of times. ``paused`` says why nothing may start (empty: it may). ``tag_limits``:
    how many jobs with a tag may run at once.
    """

    machine: Machine
    waiting: Sequence[Waiting]
    running: Sequence[Running]
    now: datetime | None = None
    paused: str = ""
    tag_limits: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def starts(self) -> Mapping[str, Start]:
        """What ``plan`` starts, by the id of the job."""
        return {each.job_id: each for each in plan(self)}

    @cached_property
    def free(self) -> Free:
        """What the running jobs leave; to be read, and copied before it is changed."""
        return free_of(self)

    @cached_property
    def holding_cpus(self) -> Sequence[Running]:
        """The running jobs that hold CPUs."""
        return [running for running in self.running if running.cpus]


@dataclass(frozen=True, slots=True)
class Start:
    """Start this job on these GPUs."""

    job_id: str
    gpus: tuple[str, ...] = ()


@dataclass(slots=True)
class Free:
    """What is left to give."""

    cpus: float
    memory: float
    gpus: dict[str, float]

    def copy(self) -> Free:
        """Return the same, to be changed apart."""
        return Free(self.cpus, self.memory, dict(self.gpus))

    def take(self, cpus: float, memory: int, gpus: Iterable[str], share: float) -> None:
        """Give these away; negative amounts come back."""
        self.cpus -= cpus
        self.memory -= memory
        for uuid in gpus:
            if uuid in self.gpus:
                self.gpus[uuid] -= share

    def has(self, job: Waiting) -> bool:
        """Whether there are CPUs and memory for a job."""
        return self.has_cpus(job) and self.has_memory(job)

    def has_cpus(self, job: Waiting) -> bool:
        """Whether there are CPUs for a job."""
        return job.cpus <= self.cpus + _EPSILON

    def has_memory(self, job: Waiting) -> bool:
        """Whether there is memory for a job; one that did not ask needs none."""
        return job.memory <= max(self.memory, 0)


def plan(snapshot: Snapshot) -> list[Start]:
    """Return the jobs to start now, in order, each with its GPUs."""
    if snapshot.paused:
        return []
    return list(_Draft(snapshot).starts(snapshot.waiting))


def started(job: Waiting, gpus: tuple[str, ...], now: datetime | None) -> Running:
    """Return a job as it is once it was started on these GPUs."""
    ends_by = now + timedelta(seconds=job.time) if now is not None and job.time is not None else None
    return Running(job.id, job.id, job.cpus, gpus, job.gpu_share, ends_by, job.memory, job.tags, job.group)


def free_of(snapshot: Snapshot) -> Free:
    """Return what the running jobs leave."""
    machine = snapshot.machine
    free = Free(machine.cpus, float(machine.memory) or inf, {gpu.uuid: gpu.left for gpu in machine.gpus})
    for job in snapshot.running:
        free.take(job.cpus, job.memory, job.gpus, job.gpu_share)
    return free


def at_their_limit(job: Waiting, limits: Mapping[str, int], tagged: Mapping[str, int]) -> list[str]:
    """Return the tags of a job of which as many jobs run as may; ``tagged`` counts those that run."""
    return [tag for tag in job.tags if tag in limits and tagged.get(tag, 0) >= limits[tag]]


def group_is_full(job: Waiting, grouped: Mapping[str, int]) -> bool:
    """Whether as many of its group run as may beside it; ``grouped`` counts those that run."""
    return bool(job.max_parallel) and grouped.get(job.group, 0) >= job.max_parallel


def suits(job: Waiting, gpu: Gpu) -> bool:
    """Whether a GPU is one that a job may use now, as far as its kind goes."""
    return fits(gpu, job.gpus, job.gpu_memory, share_gpu=job.share_gpu)


def can_use(share: float, free: float) -> bool:
    """Whether so much of a GPU covers a share of it."""
    return free >= share - _EPSILON


@dataclass(slots=True)
class _Reservation:
    """In how many seconds a job starts that does not fit now, and what is left beside it from then on."""

    seconds: float
    left: Free


class _Draft:
    """A plan in the making: what is still free, and what was promised to whom."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._now = snapshot.now
        self._machine = snapshot.machine
        self._limits = snapshot.tag_limits
        self._free = free_of(snapshot)
        self._timed = sorted((job for job in snapshot.running if job.ends_by is not None), key=_end)
        self._tagged = Counter(tag for job in snapshot.running for tag in job.tags if tag in self._limits)
        self._grouped = Counter(job.group for job in snapshot.running if job.group)
        self._reservations: list[_Reservation] = []
        self._refused: set[Shape] = set()  # which do not start
        self._promised: set[Shape] = set()  # to which a reservation was given, or things held back
        self._fitting: dict[_Kind, tuple[str, ...]] = {}
        self._short: set[_Kind] = set()  # of which too few GPUs are free
        self._gone: set[_Kind] = set()  # of which nothing is left to hold back

    def starts(self, waiting: Iterable[Waiting]) -> Iterator[Start]:
        """Yield the jobs that start, in order; what does not fit leaves its mark on those behind it."""
        refused, limits = self._refused, self._limits
        for job in waiting:
            if self._free.cpus <= _EPSILON:
                return
            if job.shape in refused or job.held or (limits and at_their_limit(job, limits, self._tagged)):
                continue
            if job.max_parallel and group_is_full(job, self._grouped):
                continue
            binding = self._binding(job)
            gpus = self._choose(job, binding)
            if gpus is not None:
                self._start(job, gpus, binding)
                yield Start(job.id, gpus)
            else:
                self._refuse(job)

    def _binding(self, job: Waiting) -> list[_Reservation]:
        """The reservations at whose time the job may still run."""
        if self._now is None or job.time is None:
            return self._reservations
        return [each for each in self._reservations if job.time > each.seconds]

    def _choose(self, job: Waiting, binding: Sequence[_Reservation]) -> tuple[str, ...] | None:
        """The GPUs with which the job starts on what is free and not reserved, None when it does not start."""
        free, kind = self._free, job.shape[2:6]
        if kind in self._short or not free.has(job) or not all(each.left.has(job) for each in binding):
            return None
        if not job.gpus.count:
            return ()
        usable = self._usable(job, free, [each.left for each in binding])
        if len(usable) == job.gpu_count:
            return usable
        if not binding:
            self._short.add(kind)
        return None

    def _usable(self, job: Waiting, free: Free, binding: Sequence[Free] = ()) -> tuple[str, ...]:
        """As many of the GPUs that the job can use as it asks for, or fewer."""
        share = job.gpu_share
        found = [uuid for uuid in self._fits(job) if can_use(share, free.gpus[uuid])]
        for left in binding:
            found = [uuid for uuid in found if can_use(share, left.gpus[uuid])]
        if share < 1:  # fill a shared GPU before breaking a whole one
            found.sort(key=free.gpus.__getitem__)
        return tuple(found[: job.gpu_count])

    def _fits(self, job: Waiting) -> tuple[str, ...]:
        kind = job.shape[2:6]
        known = self._fitting.get(kind)
        if known is None:
            known = self._fitting[kind] = tuple(gpu.uuid for gpu in self._machine.gpus if suits(job, gpu))
        return known

    def _start(self, job: Waiting, gpus: tuple[str, ...], binding: Sequence[_Reservation]) -> None:
        for free in (self._free, *(each.left for each in binding)):
            free.take(job.cpus, job.memory, gpus, job.gpu_share)
        running = started(job, gpus, self._now)
        if running.ends_by is not None:
            insort(self._timed, running, key=_end)
        self._tagged.update(tag for tag in job.tags if tag in self._limits)
        if job.group:
            self._grouped[job.group] += 1

    def _refuse(self, job: Waiting) -> None:
        """Promise what it waits for to the first job of its shape; one that only waits for a promise needs none."""
        self._refused.add(job.shape)
        if len(self._promised) >= _PROMISES:
            return
        untimed = (*job.shape[:-1], None)
        if untimed in self._promised or self._choose(job, ()) is not None:
            return
        self._promised.add(untimed)
        reservation = self._reserve(job) if len(self._reservations) < _RESERVATIONS else None
        if reservation is not None:
            self._reservations.append(reservation)
        else:
            self._hold_back(job)

    def _waits_for_ours(self, job: Waiting) -> bool:
        """Whether it could start if all jobs of this home ended."""
        share = job.gpu_share
        usable = (gpu for gpu in self._machine.gpus if suits(job, gpu) and can_use(share, gpu.left))
        return sum(1 for _ in usable) >= job.gpu_count

    def _reserve(self, job: Waiting) -> _Reservation | None:
        """The earliest time at which what runs, by its time limits, leaves the job what it needs; None if unknown."""
        if self._now is None:
            return None
        then, share = self._free.copy(), job.gpu_share
        wanted = frozenset(self._fits(job)) if job.gpus.count else frozenset()
        usable = sum(1 for uuid in wanted if can_use(share, then.gpus[uuid]))
        for number, each in enumerate(self._timed):
            usable -= sum(1 for uuid in each.gpus if uuid in wanted and can_use(share, then.gpus[uuid]))
            then.take(-each.cpus, -each.memory, each.gpus, -each.gpu_share)
            usable += sum(1 for uuid in each.gpus if uuid in wanted and can_use(share, then.gpus[uuid]))
            if usable < job.gpu_count or not then.has(job):
                continue
            at = max(_end(each), self._now)
            for later in self._timed[number + 1 :]:  # what ends in the same moment
                if _end(later) > at:
                    break
                then.take(-later.cpus, -later.memory, later.gpus, -later.gpu_share)
            then.take(job.cpus, job.memory, self._usable(job, then), share)
            return _Reservation((at - self._now).total_seconds(), then)
        return None

    def _hold_back(self, job: Waiting) -> None:
        """Take what the job can already use of what it waits for.

        A job that waits for whole GPUs also keeps the rest of shared ones, so that shares do not go on in turns there.
        """
        free = self._free
        kind, memory = job.shape[2:6], int(min(job.memory, max(free.memory, 0))) if job.memory else 0
        usable = self._usable(job, free) if job.gpus.count and kind not in self._gone else ()
        if self._waits_for_ours(job):
            free.take(min(job.cpus, free.cpus), memory, (), 0.0)
        free.take(0.0, 0, usable, job.gpu_share)
        if job.gpus.count >= 1 and kind not in self._gone:
            shared = [uuid for uuid in self._fits(job) if _EPSILON < free.gpus[uuid] < 1 - _EPSILON]
            for uuid in shared[: job.gpu_count - len(usable)]:
                free.gpus[uuid] = 0.0
            if not usable and not shared:
                self._gone.add(kind)


def _end(job: Running) -> datetime:
    assert job.ends_by is not None
    return job.ends_by
