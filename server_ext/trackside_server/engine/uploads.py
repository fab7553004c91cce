"""Uploads: values carried in from another machine, into a staging folder, piece by piece."""

from __future__ import annotations

import os
import re
from pathlib import Path

from trackside.errors import Conflict, InvalidInput
from trackside_server.engine.core import Core
from trackside_server.engine.folder import staging_folder

__all__ = ["write"]


def write(core: Core, staging: str, relative: str, offset: int, data: bytes) -> int:
    """Write bytes at ``offset`` of a staged file and return the size that it has then.

    ``offset`` must be the size so far (0 begins anew), so that a repeated piece never lands twice.
    """
    if not re.fullmatch(r"[a-z0-9-]{8,64}", staging):
        raise InvalidInput(f"{staging!r} is not the id of a staging folder.")
    base = staging_folder(core.home, staging)
    path = base / relative
    if ".." in Path(relative).parts or Path(relative).is_absolute() or "\0" in relative:
        raise InvalidInput(f"{relative!r} is not a name below the staging folder.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if base.resolve() not in path.resolve().parents:
        raise InvalidInput(f"{relative!r} leads out of the staging folder.")
    size = path.stat().st_size if path.exists() else 0
    if offset not in {0, size}:
        raise Conflict(f"The file has {size} bytes, the piece begins at {offset}.", hint=f"Go on from {size}.")
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | (os.O_TRUNC if offset == 0 else os.O_APPEND)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)
    return offset + len(data)
