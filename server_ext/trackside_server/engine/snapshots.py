"""Uploaded files: frozen when a job is accepted, kept once however many jobs have them, laid out anew for each attempt."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

import msgspec

from trackside.errors import InvalidInput
from trackside.models import Upload
from trackside.tracking.folder import RunFolder

__all__ = ["freeze", "release", "unfold", "uploads_of"]

_FOLDER = "uploads"
_KEPT = 0o400


def freeze(home: Path, staging: Path, uploads: Sequence[Upload]) -> list[Upload]:
    """Take what was staged, as it is now: each file becomes a link to the one copy that the home has of it.

    Returns the uploads with size and digest. Raises ``InvalidInput`` for one that is not there.
    """
    return [each if each.path.endswith("/") else _frozen(home, staging / _FOLDER, each) for each in uploads]


def _frozen(home: Path, folder: Path, upload: Upload) -> Upload:
    path = folder / upload.path
    try:
        inside = path.resolve(strict=True).is_relative_to(folder.resolve())
        is_file = stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        inside = is_file = False
    if not inside or not is_file:
        raise InvalidInput(f"uploads: {upload.path!r} did not arrive.", hint="Upload it again.", code="missing_upload")
    with path.open("rb") as file:
        size, digest = os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest()
    kept = _place(home, digest)
    path.chmod(_KEPT)
    with contextlib.suppress(OSError):  # where there are no links, each job has a copy of its own
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.link(path, kept)
        except FileExistsError:
            _replace_by_link(path, kept)
    return msgspec.structs.replace(upload, size=size, sha256=digest)


def _replace_by_link(path: Path, kept: Path) -> None:
    """Give a second copy up for the first; where there can be no further link, it stays one of its own."""
    beside = path.with_name(f".{path.name}.link")
    with contextlib.suppress(OSError):
        os.link(kept, beside)
        beside.replace(path)


def unfold(folder: RunFolder, uploads: Sequence[Upload]) -> None:
    """Make the job's own folder anew, with copies that it may change. Raises OSError."""
    shutil.rmtree(folder.work, ignore_errors=True)
    folder.work.mkdir(mode=0o700)
    for upload in uploads:
        path = folder.work / upload.path
        if upload.path.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder.inputs / _FOLDER / upload.path, path)
        path.chmod(upload.mode)


def uploads_of(folder: RunFolder) -> list[Upload]:
    """Return what a run folder's job had uploaded, as far as its ``job.json`` can be read."""
    try:
        found = msgspec.json.decode(folder.spec.read_bytes(), type=_Spec)
    except (OSError, msgspec.MsgspecError):
        return []
    return found.uploads


class _Spec(msgspec.Struct):
    uploads: list[Upload] = []


def release(home: Path, uploads: Sequence[Upload]) -> None:
    """Give the kept copies back of which no run has a link any more."""
    for digest in {upload.sha256 for upload in uploads if upload.sha256}:
        kept = _place(home, digest)
        with contextlib.suppress(OSError):
            if kept.stat().st_nlink == 1:
                kept.unlink()


def _place(home: Path, digest: str) -> Path:
    return home / "snapshots" / digest[:2] / digest
