"""A job's run folder: laid out when the job is accepted, kept true where no runner writes, taken away."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import stat
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from trackside.errors import InvalidInput, TryAgain
from trackside.models import JobSpec
from trackside.tracking.atomic import write_bytes, write_json
from trackside.tracking.folder import RunFolder
from trackside_server.domain.record import JobRecord, job_seq
from trackside_server.engine.snapshots import release, uploads_of

__all__ = [
    "check_files",
    "discard_folder",
    "highest_removed",
    "lay_out",
    "note_spec",
    "note_status",
    "staging_folder",
    "undo_lay_out",
]

_LOG = logging.getLogger("trackside.server")


def staging_folder(home: Path, staging: str) -> Path:
    """Return the folder that a client filled before it submitted."""
    return home / "staging" / staging


def check_files(spec: JobSpec, home: Path) -> None:
    """Raise ``InvalidInput`` for a file or folder that the job names and that is not there."""
    for path in filter(None, (spec.script, spec.notebook)):
        if not _is(path, stat.S_ISREG, os.R_OK):
            hint = "Check the name and the folder." if not _is(path, stat.S_ISREG, os.F_OK) else "Check its rights."
            raise InvalidInput(f"There is no file {path} that can be read.", hint=hint, code="missing_file")
    if spec.workdir and not _is(spec.workdir, stat.S_ISDIR, os.X_OK):
        raise InvalidInput(
            f"There is no folder {spec.workdir} that can be worked in.",
            hint="Make it first, or name another with workdir.",
            code="missing_workdir",
        )
    if spec.command is None and spec.python.startswith("/") and not _is(spec.python, stat.S_ISREG, os.X_OK):
        raise InvalidInput(
            f"There is no interpreter {spec.python}.", hint="Was its environment removed?", code="missing_python"
        )
    if spec.staging is not None and not staging_folder(home, spec.staging).is_dir():
        raise _missing_staging(spec.staging)


def _is(path: str, kind: Callable[[int], bool], right: int) -> bool:
    try:
        return kind(Path(path).stat().st_mode) and os.access(path, right)
    except OSError:
        return False


def _missing_staging(staging: str) -> InvalidInput:
    return InvalidInput(
        f"The staging folder {staging} is not there.", hint="Carry the values in again.", code="missing_staging"
    )


def lay_out(record: JobRecord, home: Path, home_id: str) -> RunFolder:
    """Make the run folder of a new job; on any failure nothing of it stays.

    Raises ``InvalidInput`` when what was staged is gone, ``TryAgain`` when the home cannot be written.
    """
    folder = RunFolder(record.run_dir)
    try:
        _make(folder)
        _copy_source(record.spec, folder)
        _write_first(folder.spec, msgspec.json.encode(_job_json(record, home_id)))
        if record.spec.config:
            write_json(folder.config, record.spec.config)
        _write_first(folder.meta, msgspec.json.format(msgspec.json.encode(_meta(record, home_id)), indent=2))
        _take_staging(record.spec, folder, home)
    except OSError as error:
        undo_lay_out(record, home)
        raise TryAgain(
            f"The home {home} cannot be written: {error.strerror or error}.",
            hint="Free some space or mend its rights, then submit again.",
            code="home_not_writable",
        ) from error
    except BaseException:
        undo_lay_out(record, home)
        raise
    return folder


def _write_first(path: Path, data: bytes) -> None:
    """Write a file of a folder that nobody knows of yet; it need not appear in one step."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


def undo_lay_out(record: JobRecord, home: Path) -> None:
    """Take the folder of a job that was not accepted away; what was staged is there again for the next try."""
    folder = RunFolder(record.run_dir)
    if record.spec.staging is not None:
        with contextlib.suppress(OSError):
            folder.inputs.rename(staging_folder(home, record.spec.staging))
    discard_folder(folder.path)


def note_status(record: JobRecord) -> bool:
    """Write into ``meta.json`` where a job stands, if it says something else: no runner did it, or it could not.

    Returns whether anything was written.
    """
    folder = RunFolder(record.run_dir)
    fields = {
        "status": record.status,
        "reason": msgspec.to_builtins(record.reason),
        "exit_code": record.exit_code,
        "started_at": _stamp(record.started_at),
        "finished_at": _stamp(record.finished_at),
    }
    try:
        meta = folder.read_meta()
        if meta and meta.get("status") != record.status:
            folder.update_meta(**fields)
            return True
    except OSError as error:  # the store knows; a full disk or a deleted folder must not stop the engine
        _LOG.warning("%s could not be written: %s", folder.meta, error)
    return False


def note_spec(record: JobRecord, home_id: str) -> None:
    """Write ``job.json`` anew after a retry that changed what is asked for."""
    folder = RunFolder(record.run_dir)
    try:
        if folder.path.is_dir():
            write_bytes(folder.spec, msgspec.json.encode(_job_json(record, home_id)))
    except OSError as error:
        _LOG.warning("%s could not be written: %s", folder.spec, error)


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def discard_folder(path: Path) -> None:
    """Take a run folder away: out of sight at once, then off the disk."""
    _note_number(path)
    uploads = uploads_of(RunFolder(path))
    aside = path.parent / f".trash-{path.name}-{os.getpid()}"
    try:
        path.rename(aside)
    except OSError:
        aside = path
    shutil.rmtree(aside, ignore_errors=True)
    release(path.parent.parent, uploads)


def highest_removed(home: Path) -> int:
    """Return the highest number of a job whose folder was taken away; it must not come back, even from the folders."""
    try:
        return int(msgspec.json.decode((home / "removed.json").read_bytes(), type=dict[str, int])["highest"])
    except (OSError, KeyError, msgspec.MsgspecError):
        return 0


def _note_number(path: Path) -> None:
    home, seq = path.parent.parent, job_seq(path.name)
    if seq is not None and seq > highest_removed(home):
        with contextlib.suppress(OSError):  # a full disk is no reason to keep what takes room on it
            write_json(home / "removed.json", {"highest": seq})


def _make(folder: RunFolder) -> None:
    """Make the folder; one of this number without a job in the store is what an unacknowledged submit left behind."""
    try:
        folder.path.mkdir(0o700)
    except FileExistsError:
        discard_folder(folder.path)
        folder.path.mkdir(0o700)
    except FileNotFoundError:
        folder.path.mkdir(0o700, parents=True)
    folder.artifacts.mkdir(0o700)


def _copy_source(spec: JobSpec, folder: RunFolder) -> None:
    if spec.command is not None or spec.function is not None:
        return
    folder.source.mkdir(mode=0o700)
    if spec.cell is not None:
        write_bytes(folder.source / "cell.py", spec.cell.encode())
    for path in filter(None, (spec.script, spec.notebook)):
        original = Path(path)
        shutil.copy(original, folder.source / original.name)


def _take_staging(spec: JobSpec, folder: RunFolder, home: Path) -> None:
    if spec.staging is None:
        return
    staged = staging_folder(home, spec.staging)
    if not staged.is_dir() or staged.is_symlink():  # another submission was faster
        raise _missing_staging(spec.staging)
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
        "created_at": _stamp(record.created_at),
        "started_at": None,
        "finished_at": None,
        "duration_seconds": None,
        "tags": list(record.spec.tags),
        "summary": {},
        "config_file": "config.json" if record.spec.config else None,
        "metrics_file": "metrics.jsonl",
        "artifacts_dir": "artifacts",
    }
