"""Who holds each GPU, from four things that are known: leases, notes, processes, memory in use. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from trackside.models import GpuHolder
from trackside.models.units import format_duration, format_size
from trackside.probes.gpus import GpuFacts, GpuProcess
from trackside_server.domain.gpus import Gpu
from trackside_server.domain.plan import Running
from trackside_server.isolation.gpu_locks import Note

__all__ = ["Kernel", "Surroundings", "holders_of", "idle_warnings", "planned"]

_LONG_IDLE = timedelta(hours=1)
_LONGEST_LABEL = 128
_UNSEEN = "a program that cannot be seen from here"


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel of this server; ``idle_since`` is None while it computes."""

    pid: int
    path: str
    idle_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known besides NVML. ``threshold`` is how many bytes a process may have on a GPU that still counts as free.

    ``jobs`` are those of this home that run, ``began`` when each did; ``notes`` those of all holders on the machine.
    """

    home_id: str
    user: str
    threshold: int
    jobs: Sequence[Running] = ()
    began: Mapping[str, datetime] = field(default_factory=dict)
    notes: Sequence[Note] = ()
    kernels: Sequence[Kernel] = ()


def holders_of(gpu: GpuFacts, known: Surroundings) -> list[GpuHolder]:
    """Return who holds this GPU: jobs of this home, of other homes, kernels, other programs."""
    notes = [note for note in known.notes if gpu.uuid in note.gpus]
    jobs = [job for job in known.jobs if gpu.uuid in job.gpus]
    found = [_of_job(job, known) for job in jobs]
    ours = {job.id for job in jobs}
    found += [_of_note(note, known) for note in notes if note.home != known.home_id or note.job not in ours]
    found += _of_processes(gpu, notes, known, leased=bool(found))
    if not found and not gpu.processes and gpu.memory_used > known.threshold:
        found.append(GpuHolder("unseen", _UNSEEN, memory=gpu.memory_used))
    return found


def _of_job(job: Running, known: Surroundings) -> GpuHolder:
    return GpuHolder("job", job.name, job.id, known.user, known.began.get(job.id), job.ends_by, share=job.gpu_share)


def _of_note(note: Note, known: Surroundings) -> GpuHolder:
    since, until = _moment(note.since), _moment(note.until)
    label = "".join(filter(str.isprintable, note.job))[:_LONGEST_LABEL] or "a job"
    share = note.share if 0 < note.share <= 1 else 1.0
    if note.home != known.home_id:
        label += " of another home"
    return GpuHolder("other", label, None, note.user, since, until, share=share, pid=note.pid)


def _of_processes(gpu: GpuFacts, notes: Sequence[Note], known: Surroundings, *, leased: bool) -> list[GpuHolder]:
    """The kernels and programs that compute here without a lease; one that only draws, or holds little, does not count.

    What cannot be looked at is taken to be the lease holder's where there is one.
    """
    keepers = {pid for note in notes for pid in (note.pid, note.template) if pid}
    kernels: dict[str, GpuHolder] = {}
    programs = []
    for process in gpu.processes:
        if process.graphics or (process.memory is not None and process.memory < known.threshold):
            continue
        if keepers.intersection(process.ancestors) or (leased and not process.ancestors):
            continue
        kernel = next((each for each in known.kernels if each.pid in process.ancestors), None)
        if kernel is None:
            programs.append(_of_program(process, known))
            continue
        held = kernels.get(kernel.path) or _of_kernel(kernel, process)
        kernels[kernel.path] = _with_memory(held, process.memory)
    return [*kernels.values(), *programs]


def _of_kernel(kernel: Kernel, process: GpuProcess) -> GpuHolder:
    return GpuHolder("kernel", kernel.path, user=process.user, idle_since=kernel.idle_since, pid=kernel.pid, memory=0)


def _with_memory(holder: GpuHolder, memory: int | None) -> GpuHolder:
    return msgspec.structs.replace(holder, memory=(holder.memory or 0) + (memory or 0))


def _of_program(process: GpuProcess, known: Surroundings) -> GpuHolder:
    label = process.program or _UNSEEN
    of_job = next((note.job for note in known.notes if note.pid in process.ancestors), "")
    if of_job:
        label += f" of {of_job}, which has another GPU"
    return GpuHolder(
        "process", label, user=process.user or None, since=process.since, pid=process.pid, memory=process.memory
    )


def planned(gpu: GpuFacts, holders: Iterable[GpuHolder], now: datetime, *, refused: bool = False) -> Gpu:
    """Return a GPU as the plan sees it: jobs of this home are the plan's own, all others hold it from outside.

    ``refused``: its lock was found held by somebody who left no note.
    """
    bare = Gpu(gpu.uuid, gpu.name, gpu.memory_total, fault=gpu.error)
    outside = [holder for holder in holders if holder.kind != "job"]
    if refused and not outside:
        return replace(bare, foreign="somebody outside this home", aside="(its lock is held)")
    if not outside:
        return bare
    whos, asides = zip(*(_phrase(holder, now) for holder in outside), strict=True)
    all_share = all(holder.kind == "other" for holder in outside)
    return replace(
        bare,
        foreign=" and ".join(whos),
        aside=asides[0] if len(outside) == 1 else "",
        outside=min(1.0, sum(holder.share for holder in outside)) if all_share else 1.0,
        shareable=all(holder.kind == "kernel" for holder in outside),
    )


def _phrase(holder: GpuHolder, now: datetime) -> tuple[str, str]:
    """Return who it is, and what is said after what they hold."""
    if holder.kind == "kernel":
        idle = f"and has been idle {_idle(holder, now)} " if holder.idle_since else ""
        return f"kernel {holder.label}", f"{idle}(restart it, or submit with --share-gpu)"
    if holder.kind == "other":
        who = f"{holder.label} ({holder.user})" if holder.user else holder.label
        return who, f"until about {_clock(holder.until)}" if holder.until else ""
    if holder.kind == "unseen":
        size = format_size(holder.memory or 0)
        return holder.label, f"({size} are in use; NVML lists no process here, so memory in use decides)"
    who = f"process {holder.pid}{f' of {holder.user}' if holder.user else ''} ({holder.label})"
    return who, f"since {_clock(holder.since)}" if holder.since else ""


def idle_warnings(gpus: Iterable[tuple[GpuFacts, Sequence[GpuHolder]]], now: datetime) -> Iterator[str]:
    """Return a sentence for each kernel that holds a GPU and has not computed for an hour."""
    for gpu, holders in gpus:
        for holder in holders:
            if holder.kind == "kernel" and holder.idle_since and now - holder.idle_since >= _LONG_IDLE:
                size = f"{format_size(holder.memory)} of GPU" if holder.memory else "GPU"
                yield (
                    f"The kernel {holder.label} holds {size} {gpu.index} and has been idle {_idle(holder, now)}; "
                    "restart it to free the GPU."
                )


def _idle(holder: GpuHolder, now: datetime) -> str:
    assert holder.idle_since is not None
    return format_duration(max(0.0, (now - holder.idle_since).total_seconds()))


def _clock(moment: datetime | None) -> str:
    return f"{moment.astimezone():%H:%M}" if moment else ""


def _moment(text: str | None) -> datetime | None:
    """A note is another's file: what is no moment in it is none, nor what no clock here can show."""
    try:
        found = datetime.fromisoformat(text or "")
        found.astimezone()
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else None
