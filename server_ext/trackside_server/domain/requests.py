"""Whether a machine could ever give what a job asks for."""

from __future__ import annotations

from itertools import groupby

from trackside.errors import InvalidInput, near
from trackside.models import GpuRequest, JobSpec
from trackside.models.units import format_size
from trackside_server.domain.gpus import Gpu, Machine, fits, matches_type

__all__ = ["check_request"]


def check_request(spec: JobSpec, machine: Machine) -> None:
    """Raise ``InvalidInput`` for a request that would wait for ever, naming what there is."""
    if spec.cpus > machine.cpus:
        raise InvalidInput(
            f"The job asks for {spec.cpus:g} CPUs, this machine gives {machine.cpus:g}.",
            hint=f"Ask for at most {machine.cpus:g}.",
            code="too_many_cpus",
        )
    if machine.memory and (spec.memory or 0) > machine.memory:
        raise InvalidInput(
            f"The job asks for {format_size(spec.memory or 0)} of memory, this machine gives {format_size(machine.memory)}.",
            hint=f"Ask for at most {format_size(machine.memory)}.",
            code="too_much_memory",
        )
    missing = sorted(set(spec.cores) - machine.cores) if machine.cores is not None else []
    if missing:
        raise InvalidInput(
            f"The job asks for core {missing[0]}, which this server may not use.",
            hint=f"It has {_ranges(sorted(machine.cores or ()))}.",
            code="no_such_core",
        )
    if spec.gpus.count:
        _check_gpus(spec, machine)


def _ranges(numbers: list[int]) -> str:
    """Return numbers in order as ``"0-3,6"``."""
    said: list[str] = []
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        found = [number for _, number in run]
        said.append(f"{found[0]}-{found[-1]}" if len(found) > 1 else str(found[0]))
    return ",".join(said)


def _check_gpus(spec: JobSpec, machine: Machine) -> None:
    asked = spec.gpus
    if not machine.gpus:
        raise InvalidInput(
            f"{_no_number(asked)}The job asks for {_gpus(asked.count)}, this machine has none that Trackside can see.",
            hint="Leave the GPUs out, or look at `trackside doctor`.",
            code="no_gpus",
        )
    of_type = [gpu for gpu in machine.gpus if asked.type is None or matches_type(asked.type, gpu.type)]
    if not of_type:
        raise InvalidInput(
            f"{_no_number(asked)}No GPU of type {asked.type!r} is in this machine.",
            hint=_near_types(asked.type or "", machine),
            code="unknown_gpu_type",
        )
    fitting = [gpu for gpu in of_type if fits(gpu, asked, None)]
    large = [gpu for gpu in fitting if fits(gpu, asked, spec.gpu_memory)]
    if len(large) >= asked.count:
        return
    if large or not fitting:
        raise _too_many(asked, large, of_type, memory=len(large) < len(fitting))
    most = max(gpu.memory for gpu in fitting) * min(asked.count, 1.0)
    raise InvalidInput(
        f"The job asks for {_gpus(asked.count)} with {format_size(spec.gpu_memory or 0)} of memory; "
        f"the largest here gives {format_size(most)}.",
        hint=f"Ask for at most {format_size(most)}.",
        code="too_many_gpus",
    )


def _too_many(asked: GpuRequest, large: list[Gpu], of_type: list[Gpu], *, memory: bool) -> InvalidInput:
    if not large:  # MIG instances alone
        return InvalidInput(
            f"The job asks for {_gpus(asked.count)}; here are MIG instances, of which a job has one, alone.",
            hint=f"Ask for one: {asked.type or 1}.",
            code="too_many_gpus",
        )
    mig = " (a MIG instance goes to a job that asks for one GPU)" if any(gpu.is_mig for gpu in of_type) else ""
    return InvalidInput(
        f"The job asks for {_gpus(asked.count)}, this machine has {len(large)}"
        f"{' with that much memory' if memory else ''}{mig}.",
        hint=f"Ask for at most {len(large)}.",
        code="too_many_gpus",
    )


def _no_number(asked: GpuRequest) -> str:
    """A type without a digit may have been meant as a number: ``two``."""
    if asked.type is None or any(letter.isdigit() for letter in asked.type):
        return ""
    return f"{asked.type!r} is no number of GPUs and no type that is here. "


def _near_types(wrong: str, machine: Machine) -> str:
    names = sorted({gpu.type for gpu in machine.gpus if not gpu.fault} or {gpu.type for gpu in machine.gpus})
    words = {word for name in names for word in name.lower().replace("-", " ").split()} - {"nvidia"}
    return f"{near(wrong, words)} It has {', '.join(names)}.".strip()


def _gpus(count: float) -> str:
    return f"{count:g} GPU{'' if count <= 1 else 's'}"
