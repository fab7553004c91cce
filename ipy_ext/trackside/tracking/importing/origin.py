"""Where an imported run comes from, and the id that this gives it: the same source, the same id."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from pathlib import Path
from typing import NamedTuple

from trackside.tracking.folder import RunFolder

__all__ = ["Origin", "find_imported", "free_id", "imported_id"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


class Origin(NamedTuple):
    """One run of one source.

    ``identity`` is what makes it this run wherever its files are moved to: the tracker's own id, or a digest.
    ``started`` is in seconds since 1970, UTC. A run that was imported into another home before is known by the id and
    the fingerprint that it got there.
    """

    kind: str
    path: Path
    identity: str
    started: float
    known_id: str = ""
    known_fingerprint: str = ""

    @property
    def fingerprint(self) -> str:
        """The identity as 32 hexadecimal digits."""
        if self.known_fingerprint:
            return self.known_fingerprint
        return hashlib.sha256(f"{self.kind}\0{self.identity}".encode("utf-8", "surrogateescape")).hexdigest()[:32]


def imported_id(origin: Origin) -> str:
    """Return an id such as ``import-20261122-093000-k3f9x2``: when the run began, and six letters of its identity."""
    if origin.known_id:
        return origin.known_id
    number, letters = int(origin.fingerprint, 16), ""
    for _ in range(6):
        number, rest = divmod(number, len(_LETTERS))
        letters += _LETTERS[rest]
    try:
        began = dt.datetime.fromtimestamp(origin.started, dt.UTC)
    except (ValueError, OverflowError, OSError):
        began = dt.datetime.fromtimestamp(0, dt.UTC)
    return f"import-{began:%Y%m%d-%H%M%S}-{letters}"


def find_imported(runs: Path, origin: Origin) -> RunFolder | None:
    """Return the folder that this run was imported into before, the latest one; None when there is none."""
    found = None
    for folder in _candidates(runs, origin):
        if not folder.path.exists():
            break
        if _fingerprint(folder) == origin.fingerprint:
            found = folder
    return found


def free_id(runs: Path, origin: Origin) -> str:
    """Return the first id for this run that no folder has: its own, else that with a number."""
    return next(folder.path.name for folder in _candidates(runs, origin) if not folder.path.exists())


def _candidates(runs: Path, origin: Origin) -> itertools.chain[RunFolder]:
    name = imported_id(origin)
    return itertools.chain(
        [RunFolder(runs / name)], (RunFolder(runs / f"{name}-{number}") for number in itertools.count(2))
    )


def _fingerprint(folder: RunFolder) -> object:
    origin = folder.read_meta().get("imported_from")
    return origin.get("fingerprint") if isinstance(origin, dict) else None
