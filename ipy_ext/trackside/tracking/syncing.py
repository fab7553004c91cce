"""Puts what a run has written onto the disk itself, at an interval and at its end; from a thread, so that nobody waits.

Every record is with the system when ``log`` returns, and outlives the process. This is for the loss of power.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from trackside.tracking.folder import RunFolder
from trackside.tracking.losses import Losses

__all__ = ["INTERVAL", "SyncThread"]

INTERVAL = 5.0
_KINDS = frozenset({".json", ".jsonl", ".txt"})

Version = tuple[int, int, int]
"""What tells one state of a file from another: inode, size and time of the last write."""


class SyncThread:
    """Syncs the records and facts of one run every few seconds, where they have changed, until it is stopped.

    Artifacts and the log are left to the system, which writes them out by itself within half a minute or so.
    """

    def __init__(self, folder: RunFolder, losses: Losses, interval: float = INTERVAL) -> None:
        self._folder = folder
        self._losses = losses
        self._interval = interval
        self._synced: dict[str, Version] = {}
        self._pid = os.getpid()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trackside-sync", daemon=True)

    def start(self) -> None:
        """Begin; what is there is synced after the first interval."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Sync what is there now and end, waiting at most ``timeout`` seconds; at once in a forked child."""
        self._stopping.set()
        if self._pid == os.getpid():
            self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            stopped = self._stopping.wait(self._interval)
            try:
                self._sync()
            except FileNotFoundError:
                pass  # the folder is gone; whoever writes to it counts that
            except OSError as error:
                self._losses.say("sync", f"{self._losses.what}: its files may not survive a loss of power: {error}")
            if stopped:
                return

    def _sync(self) -> None:
        """Sync each file that has changed, then the names of the new ones, then that of the folder."""
        known = len(self._synced)
        renamed = False
        for entry in self._changed():
            version = self._version(entry)
            _sync_path(entry.path)
            renamed |= self._synced.get(entry.name, (0,))[0] != version[0]
            self._synced[entry.name] = version
        if renamed:
            _sync_path(self._folder.path)
        if not known:
            self._sync_home()

    def _sync_home(self) -> None:
        """Sync the name of the folder, and the home that it lies in, which may be as new."""
        runs = self._folder.path.parent
        _sync_path(runs)
        with contextlib.suppress(FileNotFoundError):
            _sync_path(runs.parent / "home.json")
            _sync_path(runs.parent)

    def _changed(self) -> Iterator[os.DirEntry[str]]:
        with os.scandir(self._folder.path) as entries:
            for entry in entries:
                ours = Path(entry.name).suffix in _KINDS and not entry.name.startswith(".")
                if not ours or not entry.is_file(follow_symlinks=False):
                    continue
                if self._version(entry) != self._synced.get(entry.name):
                    yield entry

    def _version(self, entry: os.DirEntry[str]) -> Version:
        found = entry.stat(follow_symlinks=False)
        return found.st_ino, found.st_size, found.st_mtime_ns


def _sync_path(path: str | Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
