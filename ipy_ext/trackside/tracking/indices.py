"""Who may use which ``_idx``: blocks of 1,024, handed out under a lock, given back when not used up."""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

from trackside.tracking.folder import RunFolder, try_lock

__all__ = ["BLOCK", "IndexBlocks"]

BLOCK = 1024
_TAIL = 1 << 16
_INDEX = rb'"_idx": ?([0-9]+)[,}]'


class IndexBlocks:
    """The indices of one file of records for one process.

    Every living writer holds a shared lock on ``.<name>.writers``. A writer that finds itself alone, on a file that
    never had two writers at a time, goes on where the file ends; all others go on at the next free block, which the
    file ``.<name>.lock`` holds.
    """

    def __init__(self, folder: RunFolder, file: Path, first: int = 0) -> None:
        self._folder = folder
        self._file = file
        self._name = file.name.removesuffix(".jsonl")
        self._first = first
        self._presence = -1

    def take(self) -> range:
        """Return the next block that no other writer has. Raises OSError when the folder is lost or locked for long."""
        with self._folder.locked(self._name) as counter:
            start, shared = _read(counter)
            if self._presence < 0 or start is None:
                start, shared = self._join(start, shared)
            _write(counter, start + BLOCK, shared)
        return range(start, start + BLOCK)

    def give_back(self, unused: range) -> None:
        """Give back the end of the last block, so that the next writer goes on without a gap, and leave."""
        if self._presence < 0:
            return
        try:
            with self._folder.locked(self._name, timeout=1.0) as counter:
                start, shared = _read(counter)
                if start == unused.stop:
                    _write(counter, unused.start, shared)
        finally:
            self.leave()

    def leave(self) -> None:
        """Stop being one of the writers."""
        if self._presence >= 0:
            try_lock(self._presence, fcntl.LOCK_UN)
        self.disown()

    def disown(self) -> None:
        """In a forked child: give up what is the parent's, without unlocking it."""
        if self._presence >= 0:
            os.close(self._presence)
            self._presence = -1

    def _join(self, start: int | None, shared: bool) -> tuple[int, bool]:
        """Become one of the writers, and return from where on indices are free and whether there were ever two."""
        self.leave()
        presence = os.open(self._folder.path / f".{self._name}.writers", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            alone = try_lock(presence)
            if start is None:
                start = 1 + _highest(self._file) + (0 if alone else BLOCK)
            elif alone and not shared:
                start = _after_last(self._file, start)
            shared = shared or not alone
            try_lock(presence, fcntl.LOCK_SH)
        except BaseException:
            os.close(presence)
            raise
        self._presence = presence
        return max(start, self._first), shared


def _read(counter: int) -> tuple[int | None, bool]:
    """Return the next free index, None when it is not known, and whether there were ever two writers at a time."""
    number, _, shared = os.pread(counter, 64, 0).partition(b" ")
    return (int(number), shared.strip() == b"shared") if number.isdigit() else (None, False)


def _write(counter: int, start: int, shared: bool) -> None:
    os.pwrite(counter, b"%020d %s\n" % (start, b"shared" if shared else b"single"), 0)


def _highest(file: Path) -> int:
    """Return the highest index in a file that came without its counter, -1 when there is none."""
    highest = -1
    try:
        with file.open("rb") as lines:
            for line in lines:
                for found in re.findall(_INDEX, line):
                    highest = max(highest, int(found))
    except FileNotFoundError:
        pass
    return highest


def _after_last(file: Path, start: int) -> int:
    """Return the index after the last whole record of a file with one writer; ``start`` when its end is unreadable."""
    try:
        with file.open("rb") as lines:
            size = lines.seek(0, os.SEEK_END)
            lines.seek(max(0, size - _TAIL))
            tail = lines.read()
    except FileNotFoundError:
        return 0
    found = re.findall(_INDEX, tail)
    if found:
        return 1 + max(int(number) for number in found)
    return start if size else 0
