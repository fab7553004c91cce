"""What ``meta.json`` says about a run as it begins, is described and ends."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable

from trackside.probes.process import ProcessId
from trackside.tracking.capture import surroundings
from trackside.tracking.clock import timestamp
from trackside.tracking.folder import RunFolder

__all__ = ["begun", "brought", "described", "ended", "joined", "new_run_id"]

FORMAT = 1
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

Meta = dict[str, object]


def new_run_id(now: dt.datetime, noise: bytes) -> str:
    """Return an id such as ``local-20261122-093000-k3f9x2`` from the time in UTC and six random bytes."""
    return f"local-{now:%Y%m%d-%H%M%S}-{''.join(_LETTERS[byte % len(_LETTERS)] for byte in noise)}"


def begun(folder: RunFolder, home_id: str) -> Meta:
    """Return the first ``meta.json`` of a run without a job, which this process owns."""
    return _file_names(folder) | {
        "format": FORMAT,
        "uuid": os.urandom(16).hex(),
        "home_id": home_id,
        "name": folder.path.name,
        "status": "running",
        "reason": None,
        "started_at": timestamp(),
        "finished_at": None,
        "duration_seconds": None,
        "tags": [],
        "summary": {},
        "process": ProcessId.of().to_dict(),
        **surroundings(),
    }


def brought(folder: RunFolder, home_id: str) -> Meta:
    """Return the beginning of the ``meta.json`` of a run that another tracker recorded; who brings it adds the rest."""
    return _file_names(folder) | {"format": FORMAT, "uuid": os.urandom(16).hex(), "home_id": home_id}


def joined(meta: Meta, folder: RunFolder) -> Meta:
    """Return the ``meta.json`` of a job after a process of it has begun to track: what is missing is added."""
    known = {"name": folder.path.name, "status": "running", "started_at": timestamp(), "tags": [], "summary": {}}
    named = {key: value for key, value in meta.items() if value is not None}
    return _file_names(folder) | known | surroundings() | meta | {key: named.get(key, known[key]) for key in known}


def _file_names(folder: RunFolder) -> Meta:
    return {
        "run_id": folder.path.name,
        "id": folder.path.name,
        "config_file": folder.config.name,
        "metrics_file": folder.metrics.name,
        "artifacts_dir": folder.artifacts.name,
        "system_file": folder.system.name,
    }


def described(meta: Meta, name: str | None, tags: Iterable[str], *, job: bool) -> Meta:
    """Return ``meta.json`` with a name and more tags; a job that was given a name keeps it."""
    found = dict(meta)
    if name and not (job and meta.get("name") not in (None, "", meta.get("run_id"))):
        found["name"] = str(name)
    before = meta.get("tags")
    kept = [str(tag) for tag in before] if isinstance(before, list) else []
    found["tags"] = list(dict.fromkeys([*kept, *(str(tag) for tag in tags)]))
    return found


def ended(meta: Meta, status: str, reason: dict[str, str] | None, seconds: float) -> Meta:
    """Return ``meta.json`` of a run without a job after its end."""
    return meta | {
        "status": status,
        "reason": reason,
        "finished_at": timestamp(),
        "duration_seconds": round(seconds, 6),
    }
