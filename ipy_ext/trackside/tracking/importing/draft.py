"""The folder of a run that is being imported: built aside, then renamed into its place in one step."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Literal

from trackside.errors import NotLoggable, TracksideError
from trackside.tracking import artifacts, meta
from trackside.tracking.atomic import encode_json, write_json
from trackside.tracking.capture import clean_remote
from trackside.tracking.clock import timestamp
from trackside.tracking.encoding import Encoding, choose_encoding
from trackside.tracking.folder import RunFolder, try_lock
from trackside.tracking.importing.origin import Origin, find_imported, free_id
from trackside.tracking.media.content import Content
from trackside.tracking.media.naming import file_name
from trackside.tracking.values import loggable, plain

__all__ = ["Draft", "sweep"]

_ASIDE = ".import-"
_BUFFER = 1 << 20
_NAMED = 5
_OLD = 60.0
"""Seconds after which a folder aside whose maker is gone is swept away."""


class Draft:
    """What a reader fills: records, samples, media, files, and the facts that end up in ``meta.json``.

    Names below are those of ``meta.json``; times are in seconds since 1970, UTC, None where the source has none.
    """

    def __init__(self, runs: Path, home_id: str, origin: Origin) -> None:
        self.origin = origin
        self.runs = runs
        """The folder that the run will be in."""
        self._home_id = home_id
        path = runs / f"{_ASIDE}{os.getpid()}-{os.urandom(8).hex()}"
        self.folder = RunFolder(path)
        self.folder.create()
        self._lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try_lock(self._lock)
        self.name = ""
        self.tags: list[str] = []
        self.config: dict[str, object] = {}
        self.summary: dict[str, object] = {}
        self.status = "completed"
        self.reason: dict[str, str] | None = None
        self.started: float | None = None
        self.finished: float | None = None
        self.seconds: float | None = None
        """How long it took by a clock that nobody sets; None where only its beginning and its end are known."""
        self.facts: dict[str, object] = {}
        """More of ``meta.json``: host, argv, git, …"""
        self.notes: list[str] = []
        self.records = self.samples = self.media = 0
        self._files: dict[str, IO[bytes]] = {}
        self._left_out: Counter[str] = Counter()
        self._refused = 0
        self._encoding = choose_encoding()
        self._first: float | None = None
        self.last: float | None = None
        """When the latest record was logged."""

    def note(self, text: str) -> None:
        """Say something about the source that the person should know."""
        self.notes.append(text)

    def torn_lines(self, count: int) -> None:
        """Say how many torn lines of the source were passed over."""
        if count:
            self.note(f"{count} torn {'line was' if count == 1 else 'lines were'} passed over.")

    def unfinished(self, message: str) -> None:
        """Say that the source has no end: the copy will not go on, so it counts as lost."""
        self.status, self.reason = "failed", {"code": "lost", "message": message}
        self.note(message)

    def record(self, metrics: Mapping[str, object], seconds: float, step: float | None = None) -> None:
        """Append one record of metrics; what no record can hold is left out and counted.

        A metric that is called ``step`` is the step, and that of the source is kept as ``_step``.
        """
        record: dict[str, object] = {"_idx": self.records, "_timestamp": timestamp(seconds)}
        if step is not None:
            record["_step" if "step" in metrics else "step"] = step
        record.update(self._loggable(metrics))
        self._append("metrics", record)
        self.records += 1
        self._first = seconds if self._first is None else min(self._first, seconds)
        self.last = seconds if self.last is None else max(self.last, seconds)

    def sample(self, fields: Mapping[str, object], seconds: float) -> None:
        """Append one sample of the machine."""
        self._append("system", {"_timestamp": timestamp(seconds), **self._loggable(fields)})
        self.samples += 1

    def keep(
        self, key: str, content: Content, seconds: float, step: float | None = None, caption: str | None = None
    ) -> None:
        """Keep one piece of media: its file below ``artifacts/media/``, its record in ``media.jsonl``."""
        name = file_name(key, step, content.format)
        path = self.folder.resolve(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _create(path) as file:
            file.write(content.data)
        record: dict[str, object] = {"_timestamp": timestamp(seconds), "step": step, "key": key, "kind": content.kind}
        record |= {"path": name, "format": content.format, "size": len(content.data)}
        record |= {} if caption is None else {"caption": caption}
        self._append("media", {**record, **content.facts})
        self.media += 1

    def leave_out(self, error: TracksideError) -> None:
        """Count a piece of media that cannot be kept; the first ones are named."""
        self._refused += 1
        if self._refused <= _NAMED:
            self.note(f"Left out: {error.message}")

    def copy(self, source: Path, target: Path) -> None:
        """Take a file as one of this folder, such as its log."""
        shutil.copyfile(source, target)
        target.chmod(0o600)

    def file(self, source: Path, name: str | None = None) -> None:
        """Copy a file or folder below ``artifacts/``; one that is gone is named."""
        if not source.exists():
            self.note(f"{name or source.name} was not copied: {source} is gone.")
            return
        artifacts.save(self.folder, source, name)

    def git(self, commit: str, remote: str | None = None, branch: str | None = None) -> None:
        """Note the commit that ran; whether anything differed from it is not known."""
        where = clean_remote(remote) if remote else None
        known = {"commit": commit, "branch": branch, "dirty": None}
        self.facts["git_info"] = {**known, "remote_url": where}
        self.facts["git"] = {**known, "short_hash": commit[:7], "remote": where}

    def publish(
        self, *, name: str | None = None, tags: list[str] | None = None, again: bool = False
    ) -> tuple[RunFolder, bool]:
        """Give the folder its place; return it, and whether another process had brought the same run before us.

        With ``again`` it gets a place of its own all the same.
        """
        self._say_what_was_left_out()
        self._close_files()
        target = RunFolder(self.runs / free_id(self.runs, self.origin))
        before = None if again else find_imported(self.runs, self.origin)
        if before is not None:
            return before, True
        write_json(self.folder.config, plain(self.config), sync=True)
        write_json(self.folder.meta, self._meta(target, name, tags or []), sync=True)
        try:
            self.folder.path.rename(target.path)
        except OSError:
            if not target.path.exists():
                raise
            return target, True
        self._unlock()
        _sync(self.runs)
        return target, False

    def discard(self) -> None:
        """Remove the folder aside, if it is still there."""
        with contextlib.suppress(OSError):
            self._close_files(sync=False)
        self._unlock()
        shutil.rmtree(self.folder.path, ignore_errors=True)

    def _meta(self, target: RunFolder, name: str | None, tags: list[str]) -> dict[str, object]:
        started = next(each for each in (self.started, self._first, self.origin.started) if each is not None)
        finished = next(each for each in (self.finished, self.last, started) if each is not None)
        origin = {
            "kind": self.origin.kind,
            "path": str(self.origin.path),
            "fingerprint": self.origin.fingerprint,
            "imported_at": timestamp(),
            "notes": self.notes,
        }
        facts = {
            "name": name or self.name or target.path.name,
            "status": self.status,
            "reason": self.reason,
            "started_at": timestamp(started),
            "finished_at": timestamp(finished),
            "duration_seconds": round(max(0.0, finished - started), 6) if self.seconds is None else self.seconds,
            "tags": list(dict.fromkeys(str(tag) for tag in [*self.tags, *tags])),
            "summary": self._loggable(self.summary),
            "imported_from": origin,
        }
        return meta.brought(target, self._home_id) | self.facts | facts

    def _loggable(self, metrics: Mapping[str, object]) -> dict[str, object]:
        try:
            return dict(loggable(metrics))
        except NotLoggable:
            return dict(self._one_by_one(metrics))

    def _one_by_one(self, metrics: Mapping[str, object]) -> Iterator[tuple[str, object]]:
        for key, value in metrics.items():
            try:
                yield from loggable({key: value}).items()
            except NotLoggable:
                self._left_out[str(key)] += 1

    def _say_what_was_left_out(self) -> None:
        if self._refused > _NAMED:
            self.note(f"Left out as well: {self._refused - _NAMED} more pieces of media.")
        if self._left_out:
            most = ", ".join(f"{key!r} ({count})" for key, count in self._left_out.most_common(5))
            more = f" and {len(self._left_out) - 5} more" if len(self._left_out) > 5 else ""
            count = sum(self._left_out.values())
            what = (
                "1 value that no record can hold was" if count == 1 else f"{count} values that no record can hold were"
            )
            self.note(f"{what} left out: {most}{more}.")
            self._left_out.clear()

    def _append(self, what: Literal["metrics", "system", "media"], record: dict[str, object]) -> None:
        file = self._files.get(what)
        if file is None:
            file = self._files[what] = _create(getattr(self.folder, what))
        file.write(_line(self._encoding, record))

    def _close_files(self, *, sync: bool = True) -> None:
        while self._files:
            _what, file = self._files.popitem()
            with file:
                file.flush()
                if sync:
                    os.fsync(file.fileno())

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def sweep(runs: Path, now: float | None = None) -> None:
    """Remove the folders aside of imports that were killed: those that nobody holds and that are not new."""
    latest = (time.time() if now is None else now) - _OLD
    for entry in list(os.scandir(runs)) if runs.is_dir() else []:
        if entry.name.startswith(_ASIDE) and entry.stat(follow_symlinks=False).st_mtime < latest:
            with contextlib.suppress(OSError):
                _sweep_one(Path(entry.path))


def _sweep_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if try_lock(descriptor):
            shutil.rmtree(path)
    finally:
        os.close(descriptor)


def _create(path: Path) -> IO[bytes]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "wb", _BUFFER)


def _line(encoding: Encoding, record: dict[str, object]) -> bytes:
    try:
        return encoding.line(record)
    except Exception:  # noqa: BLE001  integers beyond 64 bits, half characters: the standard library takes them
        return encode_json(record)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
