"""Who holds a GPU: file locks, which the system frees when their last holder dies, with a note of each holder for people.

Each GPU has one file in a folder that all users of the machine share, and eight more for shares of it. Files are opened
for reading only, made when missing and never removed. A note is locked too, for as long as its holder lives: one that
is not was left by somebody who was killed, and is not believed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["SLOTS", "Held", "Lease", "Note", "holder", "living_notes", "locks_dir", "remove_note", "take"]

SLOTS = 8
"""The parts that a GPU is shared in."""
_SHARED = ("/run/lock/trackside", "/tmp/trackside-locks")  # noqa: S108  (sticky, opened with O_NOFOLLOW)
_LONGEST_NOTE = 65536
_READING = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Lease(NamedTuple):
    """GPUs that are ours while ``descriptors``, or copies of them, are open."""

    descriptors: list[int]

    def release(self) -> None:
        """Let go of our copies of the descriptors."""
        for descriptor in self.descriptors:
            os.close(descriptor)


class Note(NamedTuple):
    """Who holds GPUs, as the holder wrote it; ``user`` is the owner of the file.

    ``since`` and ``until`` are UTC as in all our files; ``home`` is the id of the home that the job is of. ``pid`` is
    the runner, ``template`` the process that keeps the GPUs when the runner is killed.
    """

    gpus: tuple[str, ...]
    share: float = 1.0
    user: str = ""
    job: str = ""
    home: str = ""
    since: str = ""
    until: str | None = None
    pid: int = 0
    template: int = 0


class Held(NamedTuple):
    """A GPU that somebody else holds; ``notes`` are those of its living holders, none when they left none."""

    uuid: str
    notes: tuple[Note, ...]

    def __str__(self) -> str:
        if not self.notes:
            return f"GPU {self.uuid} is held by another process."
        return f"GPU {self.uuid} is held by {', '.join(_named(note) for note in self.notes)}."


def _named(note: Note) -> str:
    until = f" until {note.until} at the latest" if note.until else ""
    return f"{note.job or 'a process'} ({note.user or 'unknown'}){until}"


def locks_dir() -> Path:
    """Return the folder of the locks, made if missing: ``$TRACKSIDE_LOCKS``, else one that all users share.

    One that is there goes before one that could be made: who may make it where is not the same for all users.
    """
    named = os.environ.get("TRACKSIDE_LOCKS")
    folders = [Path(named)] if named else [Path(folder) for folder in _SHARED]
    for folder in folders:
        if folder.is_dir():
            return folder
    for folder in folders:
        try:
            folder.mkdir(parents=bool(named))
            folder.chmod(0o1777)
        except FileExistsError:
            return folder
        except OSError:
            continue
        return folder
    return folders[-1]


def take(
    uuids: Collection[str],
    about: Mapping[str, str | int | None],
    runner: Mapping[str, object],
    *,
    share: float = 1.0,
    lasts: float | None = None,
) -> Lease | Held:
    """Lock all these GPUs, or a share of each; or none, and say which is held.

    ``about`` gives the note's ``job``, ``home`` and ``template``, ``lasts`` the most seconds for which they are held;
    ``runner`` is the holder's identity, by which ``remove_note`` finds the note again.
    """
    lease = Lease([])
    names = sorted(set(uuids))
    if not names:
        return lease
    folder = locks_dir()
    for uuid in names:
        if not (_take_whole(folder, uuid, lease) if share >= 1 else _take_share(folder, uuid, share, lease)):
            lease.release()
            return Held(uuid, tuple(note for note in living_notes() if uuid in note.gpus))
    note = _leave_note(folder, {"gpus": names, "share": share, **_said(about, runner, lasts)}, runner)
    if note is not None:
        lease.descriptors.append(note)
    return lease


def _take_whole(folder: Path, uuid: str, lease: Lease) -> bool:
    descriptor = _lock(_lock_path(folder, uuid), fcntl.LOCK_EX)
    if descriptor is not None:
        lease.descriptors.append(descriptor)
    return descriptor is not None


def _take_share(folder: Path, uuid: str, share: float, lease: Lease) -> bool:
    """Take the GPU together with others who share it, and as many of its slots as the share has eighths."""
    descriptor = _lock(_lock_path(folder, uuid), fcntl.LOCK_SH)
    if descriptor is None:
        return False
    lease.descriptors.append(descriptor)
    wanted = max(1, round(share * SLOTS))
    for number in range(SLOTS):
        slot = _lock(folder / f"{_lock_path(folder, uuid).name}.slot-{number}", fcntl.LOCK_EX)
        if slot is not None:
            lease.descriptors.append(slot)
            wanted -= 1
        if not wanted:
            return True
    return False


def holder(uuid: str) -> Held | None:
    """Return who holds this GPU or a share of it, by their notes; None when nobody says so."""
    notes = tuple(note for note in living_notes() if uuid in note.gpus)
    return Held(uuid, notes) if notes else None


def living_notes() -> list[Note]:
    """Return the notes of all holders that live, without touching their locks; those that dead ones of ours left go."""
    try:
        paths = sorted(locks_dir().glob("note-*"))
    except OSError:  # who cannot look cannot take either, and is told so then
        return []
    return [note for path in paths if (note := _read_note(path)) is not None]


def remove_note(runner: Mapping[str, object]) -> None:
    """Take away the note that this runner left."""
    with contextlib.suppress(OSError):
        _note_path(locks_dir(), runner).unlink()


def _lock(path: Path, how: int) -> int | None:
    """Return a descriptor that holds a lock on exactly the file of this name; None when it is held."""
    while True:
        descriptor = _open(path)
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
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
    while True:
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, _READING)
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, _READING | os.O_CREAT | os.O_EXCL, 0o644)
            os.fchmod(descriptor, 0o644)
            return descriptor


def _lock_path(folder: Path, uuid: str) -> Path:
    return folder / f"gpu-{uuid.replace('/', '_')}"


def _note_path(folder: Path, runner: Mapping[str, object]) -> Path:
    """One name for each holder: in a shared folder nobody can replace another's file."""
    return folder / f"note-{os.getuid()}-{runner['pid']}-{runner['start_time']}.json"


def _said(
    about: Mapping[str, str | int | None], runner: Mapping[str, object], lasts: float | None
) -> dict[str, object]:
    said: dict[str, object] = {name: about[name] for name in ("job", "home", "template") if about.get(name)}
    now = time.time()
    said |= {"since": _utc(now), "pid": runner["pid"]}
    return said if lasts is None else said | {"until": _utc(now + lasts)}


def _utc(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _leave_note(folder: Path, note: dict[str, object], runner: Mapping[str, object]) -> int | None:
    """Write who holds these GPUs; returns the descriptor that keeps the note locked, None where none can be left."""
    path = _note_path(folder, runner)
    aside = path.with_name(f".{path.name}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except OSError:  # the lock counts; a note is for people
        return None
    try:
        os.fchmod(descriptor, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(descriptor, json.dumps(note).encode())
        aside.rename(path)
    except OSError:
        os.close(descriptor)
        aside.unlink(missing_ok=True)
        return None
    return descriptor


def _read_note(path: Path) -> Note | None:
    """Return a note whose holder lives; one whose holder is dead goes, if it is ours to remove."""
    try:
        descriptor = os.open(path, _READING)
    except OSError:
        return None
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or _left_behind(path, descriptor, facts.st_uid):
            return None
        content = json.loads(os.read(descriptor, _LONGEST_NOTE))
        return _note(content, _user_name(facts.st_uid))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    finally:
        os.close(descriptor)


def _left_behind(path: Path, descriptor: int, owner: int) -> bool:
    """Whether nobody holds the lock of this note any more."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    if owner == os.getuid():
        path.unlink(missing_ok=True)
    return True


def _note(content: dict[str, object], user: str) -> Note:
    """Anybody may write into the folder: what is not of its type is refused."""
    kinds: dict[str, type | tuple[type, ...]] = {
        "share": (int, float), "job": str, "home": str, "since": str, "until": str, "pid": int, "template": int
    }  # fmt: skip
    gpus = content["gpus"]
    if not isinstance(gpus, list) or not all(isinstance(uuid, str) for uuid in gpus):
        raise TypeError("gpus")
    fields = {name: content[name] for name, kind in kinds.items() if isinstance(content.get(name), kind)}
    return Note(gpus=tuple(gpus), user=user, **fields)  # type: ignore[arg-type]  # checked one by one


def _user_name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
