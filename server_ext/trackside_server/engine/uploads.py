"""Uploads: values carried in from another machine, into a staging folder, piece by piece."""

from __future__ import annotations

import errno
import fcntl
import os
import re
from io import RawIOBase
from pathlib import Path

from trackside.errors import Conflict, InvalidInput
from trackside_server.engine.core import Core
from trackside_server.engine.folder import staging_folder

__all__ = ["write"]

_NAME_ERRORS = {errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EEXIST}


def write(core: Core, staging: str, relative: str, offset: int, data: bytes) -> int:
    """Write bytes at ``offset`` of a staged file and return the size that it has then.

    ``offset`` must be the size so far (0 begins anew), so that a repeated piece never lands twice.
    """
    if not re.fullmatch(r"[a-z0-9-]{8,64}", staging):
        raise InvalidInput(f"{staging!r} is not the id of a staging folder.")
    try:
        path = _place(staging_folder(core.home, staging), relative)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600), "wb", buffering=0) as file:
            return _write(file, offset, data)
    except OSError as error:
        if error.errno in _NAME_ERRORS:
            raise InvalidInput(f"{relative!r} cannot be a file there: {error.strerror}.") from error
        raise


def _place(base: Path, relative: str) -> Path:
    """The file below the staging folder, with its folders made; nothing is made for a name that leads out of it."""
    parts = Path(relative).parts
    if ".." in parts or Path(relative).is_absolute() or "\0" in relative or not parts:
        raise InvalidInput(f"{relative!r} is not a name below the staging folder.")
    path = base / relative
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    if not folder.resolve().is_relative_to(base.resolve()):
        raise InvalidInput(f"{relative!r} leads out of the staging folder.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _write(file: RawIOBase, offset: int, data: bytes) -> int:
    """One piece at a time: a second one for the same file waits, and then finds the size changed."""
    fcntl.flock(file, fcntl.LOCK_EX)
    size = file.seek(0, os.SEEK_END)
    if offset not in {0, size}:
        raise Conflict(f"The file has {size} bytes, the piece begins at {offset}.", hint=f"Go on from {size}.")
    file.truncate(offset)
    file.seek(offset)
    view = memoryview(data)
    while view:
        view = view[file.write(view) or 0 :]
    return offset + len(data)
