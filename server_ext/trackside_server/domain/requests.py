"""Whether a machine could ever give what a job asks for."""

from __future__ import annotations

from trackside.errors import InvalidInput, near
from trackside.models import JobSpec
from trackside_server.domain.plan import Machine, matches_type

__all__ = ["check_request"]


def check_request(spec: JobSpec, machine: Machine) -> None:
    """Raise ``InvalidInput`` for a request that would wait for ever, naming what there is."""
    if spec.cpus > machine.cpus:
        raise InvalidInput(
            f"The job asks for {spec.cpus:g} CPUs, this machine gives {machine.cpus:g}.",
            hint=f"Ask for at most {machine.cpus:g}.",
            code="too_many_cpus",
        )
    if spec.gpus.count:
        _check_gpus(spec, machine)


def _check_gpus(spec: JobSpec, machine: Machine) -> None:
    asked = spec.gpus
    if asked.count != int(asked.count):
        raise InvalidInput(
            f"A share of a GPU ({asked.count:g}) is not handed out yet.",
            hint="Ask for a whole one.",
            code="not_offered",
        )
    if not machine.gpus:
        raise InvalidInput(
            f"The job asks for {_gpus(asked.count)}, this machine has none that Trackside can see.",
            hint="Leave the GPUs out, or look at `trackside doctor`.",
            code="no_gpus",
        )
    types = sorted({gpu.type for gpu in machine.gpus})
    fitting = [gpu for gpu in machine.gpus if asked.type is None or matches_type(asked.type, gpu.type)]
    if not fitting:
        words = {word for name in types for word in name.lower().replace("-", " ").split()}
        hint = near(asked.type or "", words) or f"It has {', '.join(types)}."
        raise InvalidInput(f"No GPU of type {asked.type!r} is in this machine.", hint=hint, code="unknown_gpu_type")
    large = [gpu for gpu in fitting if spec.gpu_memory is None or gpu.memory >= spec.gpu_memory]
    if len(large) < asked.count:
        memory = " with that much memory" if len(large) < len(fitting) else ""
        raise InvalidInput(
            f"The job asks for {_gpus(asked.count)}, this machine has {len(large)}{memory}.",
            hint=f"Ask for at most {len(large)}.",
            code="too_many_gpus",
        )


def _gpus(count: float) -> str:
    return f"{count:g} GPU{'' if count <= 1 else 's'}"
