"""What the files of a home tell about its state: rights, room, clock, leftovers."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from trackside.models.housekeeping import Finding
from trackside.models.units import format_size
from trackside_server.store.filesystem import on_shared_file_system

__all__ = ["home_findings", "orphans", "template_finding"]

_LITTLE = 2**30
_STAGED_FOR = 86400.0
_SKEW = 5.0
"""Seconds between our clock and the file system's that do no harm."""
_GRACE = 600.0
_LONGEST_NAME = 100
"""Bytes of a socket's path; a longer one is bound by another name of its folder."""
_OWN_FILES = ("vault.key", "trackside.db", "trackside.db-wal", "home.json")


def home_findings(home: Path) -> Iterator[Finding]:
    """Yield what there is to say about a home that is open."""
    yield _home(home)
    yield from _rights(home)
    yield _room(home)
    yield _store(home / "trackside.db")
    yield from _clock(home)
    yield from _staged(home / "staging")


def _home(home: Path) -> Finding:
    mode = home.stat().st_mode & 0o777
    if not os.access(home, os.W_OK | os.X_OK):
        return Finding("problem", "home", f"{home} cannot be written to", "Mend its rights.")
    if mode & 0o077:
        return Finding("problem", "home", f"{home} is open to others (mode {mode:o})", f"chmod 700 {home}")
    if on_shared_file_system(home):
        return Finding("note", "home", f"{home} is on a network file system: one host at a time schedules")
    return Finding("ok", "home", str(home))


def _rights(home: Path) -> Iterator[Finding]:
    for name in _OWN_FILES:
        path = home / name
        try:
            found = path.stat()
        except OSError:
            continue
        if found.st_mode & 0o077:
            said = f"{path} is open to others (mode {found.st_mode & 0o777:o})"
            yield Finding("problem", "rights", said, f"chmod 600 {path}")
        if found.st_uid != os.geteuid():
            yield Finding("problem", "rights", f"{path} belongs to user {found.st_uid}", f"chown it, as root: {path}")


def _room(home: Path) -> Finding:
    usage = shutil.disk_usage(home)
    said = f"{format_size(usage.free)} of {format_size(usage.total)} free"
    if usage.free < _LITTLE:
        return Finding("problem", "disk", said, "Delete old runs: `trackside prune --older-than 30d`.")
    return Finding("ok", "disk", said)


def _store(path: Path) -> Finding:
    size = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*") if file.is_file())
    return Finding("ok", "store", f"{path}, {format_size(size)}, {_journal(path)}")


def _journal(path: Path) -> str:
    """How the store survives a crash, from the header of its file."""
    with path.open("rb") as file:
        header = file.read(20)
    return (
        "with a write-ahead log" if header[18:19] == b"\2" else "with a rollback journal, safe on network file systems"
    )


def _clock(home: Path) -> Iterator[Finding]:
    """Heartbeats are times that the file system gives; another clock there makes living runners look dead."""
    path = home / f".clock-{os.getpid()}"
    try:
        path.touch(mode=0o600)
        skew = path.stat().st_mtime - time.time()
        path.unlink()
    except OSError:
        return
    if abs(skew) > _SKEW:
        said = f"the clock of the home's file system is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
        yield Finding("problem", "clock", said, "Let both machines keep time with NTP.")


def _staged(staging: Path) -> Iterator[Finding]:
    old = [entry for entry in _entries(staging) if time.time() - _changed(entry) > _STAGED_FOR]
    if old:
        what = "one submission that never came lie" if len(old) == 1 else f"{len(old)} submissions that never came lie"
        said = f"values of {what} in {staging}"
        yield Finding("note", "leftovers", said, "They go by themselves after 7 days.")


def orphans(runs: Path) -> list[str]:
    """Return the names of the run folders, those aside that may just be in the making."""
    now = time.time()
    return [entry.name for entry in _entries(runs) if now - _changed(entry) > _GRACE and entry.name[0] != "."]


def template_finding(home: Path) -> Finding:
    """Say whether a template listens, from the kernel's own list of sockets: it is not disturbed."""
    sockets = sorted((home / "run").glob("template-*.sock"))
    try:
        listening = Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return Finding("note", "template", "nobody can say here whether one runs")
    bound = [str(path) if len(os.fsencode(path)) <= _LONGEST_NAME else f"/{path.name}" for path in sockets]
    living = [name for name in bound if f"{name}\n" in listening]
    if living:
        return Finding("ok", "template", "runs: a job starts in milliseconds")
    return Finding("ok", "template", "none runs; the next job starts one")


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return list(os.scandir(folder))
    except OSError:
        return []


def _changed(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except OSError:
        return time.time()
