"""What can be asked for with a job, as keywords; a wrong one names the near ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trackside.errors import InvalidInput, near

__all__ = ["OPTIONS", "checked"]

OPTIONS = (
    "name", "gpus", "gpu_memory", "cpus", "memory", "time", "grace", "priority", "env", "secrets", "tags", "config",
    "workdir", "python", "outputs",
)  # fmt: skip
_LATER = {
    "cores", "max_iops", "max_output", "max_processes", "at", "after", "retries", "requeue", "nodes", "executor",
    "profile", "runtime", "image", "volumes", "network", "ports", "uploads", "params", "max_cost_per_hour", "sweep",
    "notify",
}  # fmt: skip
_SIZES = ("memory", "gpu_memory")


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
    for name in ("tags", "outputs"):
        if isinstance(fields.get(name), str):
            fields[name] = [fields[name]]
    if isinstance(fields.get("python"), Path):
        fields["python"] = str(fields["python"])
    if "workdir" in fields:
        fields["workdir"] = str(Path(str(fields["workdir"])).expanduser().absolute())
    return fields
