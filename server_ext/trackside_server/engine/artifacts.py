"""The files of a run: listed and found, never outside its folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from trackside.errors import NotFound
from trackside.models import Artifact, ArtifactPage
from trackside.tracking.folder import RunFolder

__all__ = ["Root", "find_artifact", "list_artifacts"]

Root = Literal["artifacts", "run"]
_MOST = 10_000


def list_artifacts(folder: RunFolder, root: Root) -> ArtifactPage:
    """Return the files below ``artifacts/`` or the run folder, by path; hidden files and links are left out."""
    base = folder.artifacts if root == "artifacts" else folder.path
    found: list[Artifact] = []
    for path in _walk(base):
        if len(found) == _MOST:
            return ArtifactPage(sorted(found, key=lambda artifact: artifact.path), truncated=True)
        state = path.stat()
        modified = datetime.fromtimestamp(state.st_mtime, UTC)
        found.append(Artifact(path.relative_to(base).as_posix(), path.name, state.st_size, modified))
    return ArtifactPage(sorted(found, key=lambda artifact: artifact.path))


def find_artifact(folder: RunFolder, relative: str, root: Root) -> Path:
    """Return the real path of one file; ``NotFound`` when there is none, ``InvalidInput`` when it lies outside."""
    path = folder.resolve(relative, root=root)
    if not path.is_file():
        raise NotFound(f"The run has no file {relative!r}.", hint="List them with artifacts.")
    return path


def _walk(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_dir():
            yield from _walk(Path(entry.path))
        elif entry.is_file():
            yield Path(entry.path)
