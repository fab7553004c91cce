"""The files of a run: listed and found, never outside its folder."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Literal

from trackside.errors import NotFound
from trackside.models import Artifact, ArtifactPage
from trackside.tracking.folder import RunFolder

__all__ = ["Root", "find_artifact", "list_artifacts"]

Root = Literal["artifacts", "run"]
_MOST = 20_000


def list_artifacts(folder: RunFolder, root: Root) -> ArtifactPage:
    """Return the files below ``artifacts/`` or the run folder, by path; hidden files and links are left out.

    Of more than 20,000, those nearest to the root are there.
    """
    base = folder.artifacts if root == "artifacts" else folder.path
    found = list(islice(_walk(str(base)), _MOST + 1))
    listed = [artifact for entry in found[:_MOST] if (artifact := _artifact(entry, len(str(base)) + 1)) is not None]
    listed.sort(key=lambda each: each.path)
    return ArtifactPage(listed, truncated=len(found) > _MOST)


def _artifact(entry: os.DirEntry[str], start: int) -> Artifact | None:
    """A file as it is listed; None when it has gone meanwhile. A name that is no text is shown with question marks."""
    try:
        state = entry.stat(follow_symlinks=False)
    except OSError:
        return None
    path = entry.path[start:].encode("utf-8", "replace").decode()
    return Artifact(path, path.rpartition("/")[2], state.st_size, datetime.fromtimestamp(state.st_mtime, UTC))


def find_artifact(folder: RunFolder, relative: str, root: Root) -> Path:
    """Return the real path of one file; ``NotFound`` when there is none, ``InvalidInput`` when it lies outside."""
    try:
        path = folder.resolve(relative, root=root)
        found = path.is_file()
    except OSError:  # a name too long, links in a circle
        found = False
    if not found:
        raise NotFound(
            f"The run has no file {relative!r}.", hint="List them with artifacts.", code="artifact_not_found"
        )
    return path


def _walk(base: str) -> Iterator[os.DirEntry[str]]:
    """The files of a folder, then those of the folders in it, level by level."""
    folders = deque([base])
    while folders:
        try:
            entries = sorted(os.scandir(folders.popleft()), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if entry.is_dir():
                folders.append(entry.path)
            elif entry.is_file():
                yield entry
