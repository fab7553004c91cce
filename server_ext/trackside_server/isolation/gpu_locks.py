"""Who holds a GPU: file locks, which the system frees when their last holder dies, with a note beside each for people.

Each GPU has one file in a folder that all users of the machine share. Files are opened for reading only, made when
missing and never removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from trackside.tracking.atomic import write_bytes

__all__ = ["GpuLock", "Held", "Note", "holder", "locks_dir", "remove_notes", "take"]


class GpuLock(NamedTuple):
    """A GPU that is ours while ``descriptor`` or a copy of it is open."""

    uuid: str
    descriptor: int

    def release(self) -> None:
        """Let go of our copy of the descriptor."""
        os.close(self.descriptor)


class Note(NamedTuple):
    """Who holds a GPU, as the holder wrote it."""

    uuid: str
    user: str = ""
    job: str = ""
    since: str = ""
    until: str | None = None
    pid: int = 0


class Held(NamedTuple):
    """A GPU that somebody else holds; ``note`` is None when the holder left none that can be read."""

    uuid: str
    note: Note | None

    def __str__(self) -> str:
        if self.note is None:
            return f"GPU {self.uuid} is held by another process."
        until = f" until about {self.note.until}" if self.note.until else ""
        return f"GPU {self.uuid} is held by {self.note.job or 'a process'} ({self.note.user or 'unknown'}){until}."


def locks_dir() -> Path:
    """Return the folder of the locks, made if missing: ``$TRACKSIDE_LOCKS``, else one that all users share."""
    named = os.environ.get("TRACKSIDE_LOCKS")
    shared = [Path("/run/lock/trackside"), Path("/tmp/trackside-locks")]  # noqa: S108  (sticky, opened with O_NOFOLLOW)
    for folder in [Path(named)] if named else shared:
        if folder.is_dir():
            return folder
        try:
            folder.mkdir(parents=bool(named))
            folder.chmod(0o1777)
        except FileExistsError:
            return folder
        except OSError:
            continue
        return folder
    return Path(named) if named else shared[-1]


def take(uuids: Iterable[str], about: Mapping[str, str | None]) -> list[GpuLock] | Held:
    """Lock all these GPUs, or none and say which is held. ``about`` gives the note's ``user``, ``job`` and ``until``."""
    locks: list[GpuLock] = []
    names = sorted(set(uuids))
    if not names:
        return locks
    folder = locks_dir()
    for uuid in names:
        descriptor = _lock(_lock_path(folder, uuid))
        if descriptor is None:
            for lock in locks:
                lock.release()
            return Held(uuid, _read_note(folder, uuid))
        locks.append(GpuLock(uuid, descriptor))
    for lock in locks:
        _leave_note(folder, lock.uuid, about)
    return locks


def holder(uuid: str) -> Held | None:
    """Return who holds this GPU, None when nobody does."""
    folder = locks_dir()
    descriptor = _lock(_lock_path(folder, uuid))
    if descriptor is None:
        return Held(uuid, _read_note(folder, uuid))
    os.close(descriptor)
    return None


def remove_notes(uuids: Iterable[str]) -> None:
    """Take away our notes about these GPUs."""
    for uuid in uuids:
        with contextlib.suppress(OSError):
            _note_path(locks_dir(), uuid).unlink()


def _lock(path: Path) -> int | None:
    """Return a descriptor that holds the exclusive lock on exactly the file of this name; None when it is held."""
    while True:
        descriptor = _open(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ours, named = os.fstat(descriptor), path.stat()
        except BlockingIOError:
            os.close(descriptor)
            return None
        except FileNotFoundError:
            os.close(descriptor)
            continue
        if (ours.st_dev, ours.st_ino) == (named.st_dev, named.st_ino):
            return descriptor
        os.close(descriptor)


def _open(path: Path) -> int:
    reading = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    while True:
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, reading)
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, reading | os.O_CREAT | os.O_EXCL, 0o644)
            os.fchmod(descriptor, 0o644)
            return descriptor


def _lock_path(folder: Path, uuid: str) -> Path:
    return folder / f"gpu-{uuid.replace('/', '_')}"


def _note_path(folder: Path, uuid: str) -> Path:
    """One name for each user: in a shared folder nobody can replace another's file."""
    return folder / f"{_lock_path(folder, uuid).name}.{os.getuid()}.json"


def _leave_note(folder: Path, uuid: str, about: Mapping[str, str | None]) -> None:
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    note = Note(uuid, about.get("user") or "", about.get("job") or "", since, about.get("until"), os.getpid())
    with contextlib.suppress(OSError):  # the lock counts; a note is for people
        write_bytes(_note_path(folder, uuid), json.dumps(note._asdict()).encode(), mode=0o644)


def _read_note(folder: Path, uuid: str) -> Note | None:
    """Return the newest note about this GPU; those of holders that were killed stay behind and are older."""
    newest: Note | None = None
    for path in folder.glob(f"{_lock_path(folder, uuid).name}.*.json"):
        try:
            content = json.loads(path.read_bytes())
            note = Note(**{name: content[name] for name in Note._fields if name in content})
        except (OSError, ValueError, TypeError):
            continue
        if newest is None or note.since > newest.since:
            newest = note
    return newest
