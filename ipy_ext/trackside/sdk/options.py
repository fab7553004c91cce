"""What can be asked for with a job, as keywords; a wrong one names the near ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from secrets import token_hex

from trackside.errors import InvalidInput, near

__all__ = ["OPTIONS", "checked", "in_group"]

OPTIONS = (
    "name", "gpus", "gpu_memory", "share_gpu", "cpus", "cores", "memory", "time", "max_iops", "max_output",
    "max_processes", "max_cost_per_hour", "group", "max_parallel", "grace", "priority", "at", "after", "retries", "requeue", "notify", "env", "secrets", "tags", "config",
    "workdir", "python", "outputs", "params", "uploads",
)  # fmt: skip
_LATER = {
    "nodes", "executor", "profile", "runtime", "image", "volumes", "network", "ports",
}  # fmt: skip
_SIZES = ("memory", "gpu_memory", "max_output")


def checked(options: Mapping[str, object]) -> dict[str, object]:
    """Return the options that were given, as fields of a submission.

    Raises InvalidInput for a word that is none, for one that a later version will know, and for a bare number of
    memory, which could mean bytes or gigabytes.
    """
    fields = {name: value for name, value in options.items() if value is not None}
    for name in fields:
        if name in _LATER:
            raise InvalidInput(f"{name} is not built in this version of Trackside.", code="not_built")
        if name not in OPTIONS:
            hint = near(name, OPTIONS) or f"Known: {', '.join(OPTIONS)}."
            raise InvalidInput(f"{name!r} is not something a job can ask for.", hint=hint, code="unknown_option")
    for name in _SIZES:
        if isinstance(fields.get(name), (int, float)):
            raise InvalidInput(f"{name}={fields[name]!r} has no unit.", hint=f"Write {name}='{fields[name]}G'.")
    return {name: _NORMALISED[name](value) if name in _NORMALISED else value for name, value in fields.items()}


def in_group(fields: Mapping[str, object], kind: str) -> dict[str, object]:
    """Return fields of several jobs, of which ``max_parallel`` counts those that were made together."""
    given = dict(fields)
    if given.get("max_parallel") is not None:
        given.setdefault("group", f"{kind} {token_hex(3)}")
    return given


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _references(value: object) -> list[object]:
    """Jobs to wait for: handles, ids or names, one or many."""
    given = value if isinstance(value, (list, tuple)) else [value]
    return [getattr(item, "id", item) for item in given]


_NORMALISED: Mapping[str, Callable[[object], object]] = {
    "tags": _listed,
    "outputs": _listed,
    "after": _references,
    "at": lambda value: value.isoformat() if isinstance(value, datetime) else value,
    "python": lambda value: str(value) if isinstance(value, Path) else value,
    "workdir": lambda value: str(Path(str(value)).expanduser().absolute()),
}
"""What becomes of an option on its way into a submission."""
