"""Which part of a bigger value a caller means: files of a run, facts of a machine. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import msgspec

from trackside.errors import InvalidInput, near
from trackside.models import SystemSample
from trackside.tracking.values import restore_floats

__all__ = ["DETAILS", "MACHINE_PARTS", "Root", "artifact_path", "chosen_parts", "local_path", "only", "records_of"]

Root = Literal["artifacts", "run"]
MACHINE_PARTS: Mapping[str, tuple[str, ...]] = {
    "cpu": ("cpu_count", "cpu_percent", "cpus_held"),
    "memory": ("memory_total", "memory_used"),
    "disk": ("disk_total", "disk_used"),
    "gpus": ("gpus", "gpu_message"),
    "jobs": ("jobs",),
    "disks": ("disks",),
    "network": ("network",),
    "processes": ("processes",),
}
DETAILS = frozenset({"disks", "network", "processes"})
"""What the server looks at only where it is asked to."""


def artifact_path(path: str) -> str:
    """Return the path of a file inside a run as part of a URL; one that leaves the run is refused."""
    names = path.split("/")
    if not path or any(name in ("", ".", "..") for name in names):
        raise InvalidInput(f"{path!r} is not the path of a file in a run.", hint="Write it as artifacts() lists it.")
    return "/".join(quote(name, safe="") for name in names)


def local_path(path: str, to: str | Path | None) -> Path:
    """Return where a downloaded file goes: into the folder ``to`` (default: here) under its own name, or to the file ``to``."""
    target = Path("." if to is None else to).expanduser()
    return target / path.rsplit("/", 1)[-1] if target.is_dir() else target


def chosen_parts(types: Iterable[str]) -> list[str]:
    """Return the fields of a sample that these types (``cpu``, ``memory``, ``disk`` and so on) stand for."""
    given = [types] if isinstance(types, str) else list(types)
    for name in given:
        if name not in MACHINE_PARTS:
            hint = near(name, MACHINE_PARTS) or f"Known: {', '.join(MACHINE_PARTS)}."
            raise InvalidInput(f"types: {name!r} is not known.", hint=hint)
    return ["at", *(field for name in given for field in MACHINE_PARTS[name])]


def only(sample: SystemSample, fields: Iterable[str]) -> dict[str, object]:
    """Return these fields of the sample, by name."""
    return {field: getattr(sample, field) for field in fields}


def records_of(content: bytes) -> list[dict[str, object]]:
    """Return the records of a ``metrics.jsonl``, NaN and infinities as floats; a torn line costs only itself."""
    found: list[dict[str, object]] = []
    for line in content.splitlines():
        record = _record(line)
        if record is not None:
            found.append(record)
    return found


def _record(line: bytes) -> dict[str, object] | None:
    try:
        record = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    return {key: restore_floats(value) for key, value in record.items()} if isinstance(record, dict) else None
