"""A job's run folder as it is when the job is accepted: what was asked for, before anything happened."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec

from trackside.errors import InvalidInput, TryAgain
from trackside.models import JobSpec
from trackside.tracking.atomic import write_bytes, write_json
from trackside.tracking.folder import RunFolder
from trackside_server.domain.record import JobRecord

__all__ = ["discard_folder", "lay_out", "staging_folder"]


def staging_folder(home: Path, staging: str) -> Path:
    """Return the folder that a client filled before it submitted."""
    return home / "staging" / staging


def lay_out(record: JobRecord, home: Path, home_id: str) -> RunFolder:
    """Make the run folder of a new job; on any failure nothing of it stays.

    Raises ``InvalidInput`` for a script, notebook or staging folder that is not there, ``TryAgain`` when the home
    cannot be written.
    """
    folder = RunFolder(record.run_dir)
    try:
        _set_aside(folder.path)
        folder.path.mkdir(mode=0o700, parents=True)
        folder.artifacts.mkdir(mode=0o700)
        folder.attempts.mkdir(mode=0o700)
        _copy_source(record.spec, folder)
        _take_staging(record.spec, folder, home)
        write_bytes(folder.spec, msgspec.json.encode(_job_json(record, home_id)))
        if record.spec.config:
            write_json(folder.config, record.spec.config)
        write_json(folder.meta, _meta(record, home_id))
    except OSError as error:
        discard_folder(folder.path)
        raise TryAgain(
            f"The home {home} cannot be written: {error.strerror or error}.",
            hint="Free some space or mend its rights, then submit again.",
            code="home_not_writable",
        ) from error
    except BaseException:
        discard_folder(folder.path)
        raise
    return folder


def discard_folder(path: Path) -> None:
    """Take a run folder away: out of sight at once, then off the disk."""
    aside = path.parent / f".trash-{path.name}-{os.getpid()}"
    try:
        path.rename(aside)
    except OSError:
        aside = path
    shutil.rmtree(aside, ignore_errors=True)


def _set_aside(path: Path) -> None:
    """A folder of this number without a job in the store is what an unacknowledged submit left behind."""
    if path.exists():
        discard_folder(path)


def _copy_source(spec: JobSpec, folder: RunFolder) -> None:
    folder.source.mkdir(mode=0o700)
    if spec.cell is not None:
        write_bytes(folder.source / "cell.py", spec.cell.encode())
    for path in filter(None, (spec.script, spec.notebook)):
        original = Path(path)
        if not original.is_file():
            raise InvalidInput(f"There is no file {path}.", hint="Check the name and the folder.", code="missing_file")
        try:
            shutil.copy(original, folder.source / original.name)
        except PermissionError as error:
            raise InvalidInput(f"{path} cannot be read.", hint="Check its rights.") from error


def _take_staging(spec: JobSpec, folder: RunFolder, home: Path) -> None:
    if spec.staging is None:
        return
    staged = staging_folder(home, spec.staging)
    if not staged.is_dir() or staged.is_symlink():
        raise InvalidInput(
            f"The staging folder {spec.staging} is not there.",
            hint="Carry the values in again.",
            code="missing_staging",
        )
    staged.rename(folder.inputs)


def _job_json(record: JobRecord, home_id: str) -> dict[str, object]:
    spec: dict[str, object] = msgspec.to_builtins(record.spec)
    return {"id": record.id, "uuid": record.uuid, "home_id": home_id, "created_at": record.created_at, **spec}


def _meta(record: JobRecord, home_id: str) -> dict[str, object]:
    return {
        "run_id": record.id,
        "id": record.id,
        "uuid": record.uuid,
        "home_id": home_id,
        "job_id": record.id,
        "name": record.name or record.id,
        "status": record.status,
        "reason": None,
        "created_at": record.created_at.isoformat().replace("+00:00", "Z"),
        "started_at": None,
        "finished_at": None,
        "duration_seconds": None,
        "tags": list(record.spec.tags),
        "summary": {},
        "config_file": "config.json" if record.spec.config else None,
        "metrics_file": "metrics.jsonl",
        "artifacts_dir": "artifacts",
    }
