"""The index of run folders: rows of jobs' runs written with their jobs, the others found in the folder ``runs/``."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from trackside.models import FINAL, STATUSES, Reason
from trackside.probes.process import ProcessId
from trackside.tracking.folder import RunFolder
from trackside_server.domain.record import JobRecord, RunRow, job_seq

__all__ = ["RunFinder", "row_of_folder", "row_of_job", "with_own_words"]


def row_of_job(record: JobRecord) -> RunRow:
    """Return the row of a job's run; what the job itself wrote is added by ``with_own_words``."""
    duration = None
    if record.finished_at and record.started_at:
        duration = (record.finished_at - record.started_at).total_seconds()
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
        config=record.spec.config,
    )


def with_own_words(row: RunRow) -> RunRow:
    """Return the row of a job's run with what its process wrote into the folder: name, tags, summary, config."""
    folder = RunFolder(row.run_dir)
    meta = folder.read_meta()
    return msgspec.structs.replace(
        row,
        name=_text(meta.get("name")) or row.name,
        tags=_tags(meta.get("tags")) or row.tags,
        summary=_mapping(meta.get("summary")) or row.summary,
        config=_config(folder) or row.config,
        meta_mtime_ns=_mtime(folder),
    )


def row_of_folder(folder: RunFolder) -> RunRow | None:
    """Return the row of a run without a job from its folder, None for a folder that is no run.

    A run whose process is gone without a word has failed.
    """
    mtime = _mtime(folder)
    meta = folder.read_meta()
    run_id = _text(meta.get("run_id"))
    if not run_id or not mtime:
        return None
    status = meta.get("status")
    reason = _reason(meta.get("reason"))
    if status not in FINAL and not _lives(meta.get("process")):
        status, reason = "failed", Reason("lost", "its process ended without a word")
    started = _moment(meta.get("started_at"))
    return RunRow(
        id=run_id,
        uuid=_text(meta.get("uuid")) or run_id,
        name=_text(meta.get("name")) or run_id,
        status=status if status in STATUSES else "failed",
        reason=reason,
        run_dir=str(folder.path),
        tags=_tags(meta.get("tags")),
        created_at=started or datetime.fromtimestamp(mtime / 1e9, UTC),
        started_at=started,
        finished_at=_moment(meta.get("finished_at")),
        duration_seconds=_number(meta.get("duration_seconds")),
        summary=_mapping(meta.get("summary")),
        config=_config(folder),
        meta_mtime_ns=mtime,
    )


class RunFinder:
    """Finds runs without a job: looks at the folder only when it changed, at a run only when its meta.json did."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._seen = 0
        self._known: set[str] = set()

    def find(self, unfinished: dict[str, RunRow]) -> list[RunRow]:
        """Return rows that are new or differ; ``unfinished`` are those that the index still counts as going on."""
        found = []
        for name in self._new_names():
            row = row_of_folder(RunFolder(self._runs / name))
            if row is not None:
                found.append(row)
            else:
                self._known.discard(name)
        fresh = {row.id for row in found}
        for run_id, row in unfinished.items():
            if row.job_id is None and run_id not in fresh:
                now = row_of_folder(RunFolder(row.run_dir))
                if now is not None and now != row:
                    found.append(now)
        return found

    def _new_names(self) -> list[str]:
        try:
            changed = self._runs.stat().st_mtime_ns
        except FileNotFoundError:
            return []
        if changed == self._seen:
            return []
        self._seen = changed
        names = [entry.name for entry in os.scandir(self._runs) if not entry.name.startswith(".")]
        new = [name for name in names if name not in self._known and job_seq(name) is None]
        self._known.update(new)
        return new


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
    except (OSError, ValueError):
        return {}


def _mtime(folder: RunFolder) -> int:
    try:
        return folder.meta.stat().st_mtime_ns
    except OSError:
        return 0


def _mapping(value: object) -> dict[str, object]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _tags(value: object) -> tuple[str, ...]:
    return tuple(str(tag) for tag in value) if isinstance(value, list) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _reason(value: object) -> Reason | None:
    if isinstance(value, dict) and isinstance(value.get("code"), str):
        return Reason(value["code"], _text(value.get("message")))
    return None
