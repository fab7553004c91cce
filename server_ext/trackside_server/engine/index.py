"""The index of run folders: rows of jobs' runs written with their jobs, the others found in the folder ``runs/``."""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from trackside.models import FINAL, STATUSES, Reason, Status
from trackside.probes.process import ProcessId
from trackside.tracking.folder import RunFolder
from trackside_server.domain.record import JobRecord, RunRow, job_seq

__all__ = [
    "RunFinder",
    "meta_mtime",
    "moment_of",
    "reason_of",
    "row_of_folder",
    "row_of_job",
    "status_of",
    "text_of",
    "with_own_words",
]

LOG = logging.getLogger("trackside.server")


def row_of_job(record: JobRecord) -> RunRow:
    """Return the row of a job's run; what the job itself wrote is added by ``with_own_words``."""
    duration = None
    if record.finished_at and record.started_at:
        duration = max(0.0, (record.finished_at - record.started_at).total_seconds())
    return RunRow(
        id=record.id,
        uuid=record.uuid,
        name=record.name or record.id,
        status=record.status,
        reason=record.reason,
        run_dir=record.run_dir,
        job_id=record.id,
        tags=record.tags,
        created_at=record.created_at,
        started_at=record.started_at,
        finished_at=record.finished_at,
        duration_seconds=duration,
        gpu_hours=record.gpu_hours,
        cost=record.cost,
        config=record.spec.config,
    )


def with_own_words(row: RunRow) -> RunRow:
    """Return the row of a job's run with what its process wrote into the folder: name, tags, summary, config."""
    folder = RunFolder(row.run_dir)
    meta = folder.read_meta()
    return msgspec.structs.replace(
        row,
        name=text_of(meta.get("name")) or row.name,
        tags=_tags(meta.get("tags")) or row.tags,
        summary=_mapping(meta.get("summary")) or row.summary,
        config=_config(folder) or row.config,
        duration_seconds=_own_duration(meta, row),
        meta_mtime_ns=meta_mtime(folder),
    )


def _own_duration(meta: dict[str, Any], row: RunRow) -> float | None:
    """The runner measured it with a clock that nobody sets; moments are of one that may be set back."""
    return (_number(meta.get("duration_seconds")) or row.duration_seconds) if row.finished_at else None


def row_of_folder(folder: RunFolder) -> RunRow | None:
    """Return the row of a run without a job from its folder, None for a folder that is no run.

    A run whose process is gone without a word has failed. One that names no process was written by another program,
    such as ``whirr``: nobody can tell that it is dead.
    """
    mtime = meta_mtime(folder)
    meta = folder.read_meta()
    if not meta or not mtime:
        return None
    run_id = folder.path.name  # what the file says may be a copy's: the name of the folder is unique
    status, reason = status_of(meta.get("status")), reason_of(meta.get("reason"))
    if status not in FINAL and "process" in meta and not _lives(meta["process"]):
        status, reason = "failed", Reason("lost", "its process ended without a word")
    started = moment_of(meta.get("started_at"))
    return RunRow(
        id=run_id,
        uuid=text_of(meta.get("uuid")) or run_id,
        name=text_of(meta.get("name")) or run_id,
        status=status,
        reason=reason,
        run_dir=str(folder.path),
        tags=_tags(meta.get("tags")),
        created_at=started or datetime.fromtimestamp(mtime / 1e9, UTC),
        started_at=started,
        finished_at=moment_of(meta.get("finished_at")),
        imported_at=moment_of(_mapping(meta.get("imported_from")).get("imported_at")),
        duration_seconds=_number(meta.get("duration_seconds")),
        summary=_mapping(meta.get("summary")),
        config=_config(folder),
        meta_mtime_ns=mtime,
    )


class RunFinder:
    """Finds runs without a job: looks at ``runs/`` only when it changed, at a run only while it goes on."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._seen = 0
        self._known: set[str] = set()
        self._open: dict[str, RunRow | None] = {}
        """Folders that are looked at each time, with what they said last: runs that go on, and those still empty."""

    def find(self) -> list[RunRow]:
        """Return rows that are new or differ from those found before."""
        for name in self._new_names():
            self._open.setdefault(name, None)
        found = []
        for name, before in list(self._open.items()):
            try:
                row = row_of_folder(RunFolder(self._runs / name))
            except OSError as error:
                LOG.warning("the run folder %s cannot be read: %s", name, error)
                del self._open[name]
                continue
            if row is None and not (self._runs / name).is_dir():
                del self._open[name]
            elif row is not None and row.is_terminal:
                del self._open[name]
                found.append(row)
            elif row is not None and row != before:
                self._open[name] = row
                found.append(row)
        return found

    def again(self, rows: Iterable[RunRow]) -> None:
        """Find these once more: what was found could not be kept."""
        self._open.update((row.id, None) for row in rows)

    def _new_names(self) -> list[str]:
        try:
            changed = self._runs.stat().st_mtime_ns
        except FileNotFoundError:
            return []
        if changed == self._seen:
            return []
        self._seen = changed
        names = {entry.name for entry in os.scandir(self._runs)}
        new = names - self._known
        self._known = names
        return [name for name in new if not name.startswith(".") and job_seq(name) is None and text_of(name) == name]


def _lives(process: object) -> bool:
    """A process on another host counts as alive: nobody here can tell."""
    if not isinstance(process, dict):
        return False
    try:
        identity = ProcessId.from_dict(process)
    except (KeyError, TypeError):
        return False
    return identity.is_alive() or not identity.is_local


def _config(folder: RunFolder) -> dict[str, object]:
    try:
        return _mapping(json.loads(folder.config.read_bytes()))
    except (OSError, ValueError, RecursionError):
        return {}


def meta_mtime(folder: RunFolder) -> int:
    """Return when ``meta.json`` was written last, in nanoseconds since the Unix epoch; 0 when there is none."""
    try:
        return folder.meta.stat().st_mtime_ns
    except OSError:
        return 0


# What people's programs wrote, as it can be kept and sent whatever it is


def _presentable(value: object, levels: int = 32) -> object:
    if isinstance(value, str):
        return text_of(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (dict, list)) and not levels:
        return "…"
    if isinstance(value, dict):
        return {text_of(key): _presentable(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_presentable(item, levels - 1) for item in value]
    return value


def _mapping(value: object) -> dict[str, object]:
    return {text_of(key): _presentable(item) for key, item in value.items()} if isinstance(value, dict) else {}


def _tags(value: object) -> tuple[str, ...]:
    return tuple(text_of(str(tag)) for tag in value) if isinstance(value, list) else ()


def text_of(value: object) -> str:
    """Return the text without halves of characters, which no JSON carries."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e300:
        return None
    return float(value)


def moment_of(value: object) -> datetime | None:
    """Return the moment that this text names, None where it names none."""
    try:
        moment = datetime.fromisoformat(text_of(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def status_of(value: object) -> Status:
    """Return the status of this name; what is none still goes on, for all that can be told."""
    return next((status for status in STATUSES if status == value), "running")


def reason_of(value: object) -> Reason | None:
    """Return the reason that this is, if it is one."""
    if isinstance(value, dict) and isinstance(value.get("code"), str):
        return Reason(text_of(value["code"]), text_of(value.get("message")))
    return None
