"""How far the work is: records of their own in ``progress.jsonl``, and a plain bar where a terminal looks on."""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import shutil
import sys
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sized
from typing import TextIO, TypeVar

from trackside.tracking.clock import timestamp
from trackside.tracking.folder import RunFolder, try_lock
from trackside.tracking.lines import append_record
from trackside.tracking.loops import Loop, around
from trackside.tracking.losses import Losses

__all__ = ["Progress", "bar", "steps"]

T = TypeVar("T")

_living: weakref.WeakSet[Progress] = weakref.WeakSet()
_PAUSE = 0.2
_WIDTH = 24


class Progress:
    """Writes progress down, at most five times a second and ever more rarely in a long run.

    Of loops within loops the outermost is told, of several at a time the one that began first. Of several processes
    of a run one tells, until its loop or itself is over.
    """

    def __init__(self, folder: RunFolder, losses: Losses) -> None:
        self._folder = folder
        self._losses = losses
        self._root: Loop | None = None
        self._own = Loop(done=math.inf)
        """What ``show`` was told."""
        self._written = -math.inf
        self._waits = False
        self._writing = threading.Lock()
        self._later: threading.Timer | None = None
        """Writes what waits after a pause."""
        self._floor: tuple[int, int] | None = None
        """The process that took the floor, and the descriptor of its lock."""
        _living.add(self)

    def show(self, i: float, total: float | None = None) -> None:
        """Note that ``i`` of ``total`` is done; it is written now or with one of the next calls."""
        if i < self._own.done:
            before, self._own = self._own, Loop(began=time.monotonic(), first=i)
            if self._root is before:
                self._root = None
        self._own.done, self._own.total = i, total
        loops = around()
        if loops:
            loops[-1].inner = self._own
        self.tell(loops[0] if loops else self._own)

    def tell(self, loop: Loop) -> None:
        """Note how far an outermost loop is, unless another one is told of."""
        if self._root is None or self._root is self._own:
            self._root = loop
        if self._root is not loop:
            return
        now = time.monotonic()
        self._waits = True
        pause = max(_PAUSE, (now - loop.began) / 1000)
        if now - self._written >= pause or loop.done == loop.total:
            self.write()
        elif self._later is None:  # else a slow step after a fast one would hide that the fast one is done
            self._later = threading.Timer(pause, self._catch_up)
            self._later.daemon = True
            self._later.start()

    @property
    def will_tell(self) -> bool:
        """Whether the state that the outermost loop has then is written in a moment, without another word."""
        return self._later is not None

    def forked(self) -> None:
        """Begin anew in a forked child: what its parent has under way is none of its own."""
        self._root, self._writing, self._later = None, threading.Lock(), None

    def _catch_up(self) -> None:
        self._later = None
        self.write()

    def write(self) -> None:
        """Write the last state unless it is written, or another process has the floor."""
        if self._writing.acquire(timeout=1.0):
            try:
                self._write()
            finally:
                self._writing.release()

    def _write(self) -> None:
        loop, now = self._root, time.monotonic()
        if not self._waits or loop is None:
            return
        self._written, self._waits = now, False
        if not self._take_floor():
            return
        record: dict[str, object] = {"_timestamp": timestamp(), "i": loop.done, "total": loop.total}
        rate = loop.rate(now)
        more = {
            "rate": None if rate is None else float(f"{rate:.4g}"),
            "label": loop.label,
            "part": round(loop.part, 3),
        }
        try:
            append_record(self._folder.progress, record | {name: value for name, value in more.items() if value})
        except OSError as error:
            self._losses.add(error)

    def over(self, loop: Loop) -> None:
        """Write how an outermost loop ended, and let others tell of theirs."""
        if self._root is loop:
            self.write()
            self._root = None
            self._leave_floor()

    def close(self) -> None:
        """Write the last state unless it is written, and tell no more."""
        self.write()
        self._leave_floor()

    def has_floor(self) -> bool:
        """Whether this process is the one that tells; it becomes that one where nobody is."""
        with self._writing:
            return self._take_floor()

    def _take_floor(self) -> bool:
        if self._floor is not None and self._floor[0] == os.getpid():
            return True
        self._leave_floor()  # in a forked child: the lock is the parent's
        try:
            descriptor = os.open(self._folder.floor, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return True  # what is wrong with the folder is found by whoever writes
        if not try_lock(descriptor):
            os.close(descriptor)
            return False
        self._floor = (os.getpid(), descriptor)
        return True

    def _leave_floor(self) -> None:
        floor, self._floor = self._floor, None
        if floor is None:
            return
        pid, descriptor = floor
        if pid == os.getpid():
            # Said in so many words: a process that was forked meanwhile holds the same lock by its copy.
            try_lock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def steps(items: Iterable[T], total: int | None, label: str, progress: Progress | None) -> Iterator[T]:
    """Yield the items and tell ``progress`` and a terminal on standard error how far they are."""
    size = total if total is not None else len(items) if isinstance(items, Sized) else None
    loops, loop = around(), Loop(label, size, time.monotonic())
    if loops:
        loops[-1].inner = loop
    loops.append(loop)
    terminal = _Terminal(progress)
    try:
        if progress is not None:
            progress.tell(loops[0])
        for item in items:
            yield item
            loop.step()
            if progress is not None and not progress.will_tell:
                progress.tell(loops[0])
            if terminal.looks_on:
                terminal.draw(loops[0])
    finally:
        with contextlib.suppress(ValueError):
            loops.remove(loop)
        if not loops:
            terminal.draw(loop, last=True)
            if progress is not None:
                progress.over(loop)


class _Terminal:
    """The one line on standard error, where that is a terminal; of several processes of a run one has it."""

    def __init__(self, progress: Progress | None) -> None:
        looked_at = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("LOCAL_RANK", "0") == "0"
        self._stream: TextIO | None = sys.stderr if looked_at else None
        self._progress = progress
        self._drawn = 0.0

    @property
    def looks_on(self) -> bool:
        """Whether there is one."""
        return self._stream is not None

    def draw(self, loop: Loop, *, last: bool = False) -> None:
        now = time.monotonic()
        if self._stream is None or not (last or now - self._drawn > _PAUSE):
            return
        self._drawn = now
        if self._progress is not None and not self._progress.has_floor():
            return
        line = bar(loop, now)[: shutil.get_terminal_size().columns - 1]
        try:
            self._stream.write(f"\r{line}\x1b[K" + ("\n" if last else ""))
            self._stream.flush()
        except OSError:
            self._stream = None  # the terminal was closed; the work goes on


def bar(loop: Loop, now: float) -> str:
    """Return one line such as ``train 12/100 [###·····] 3.4/s 0:03 · 0:26 left``, with the loops within at its end."""
    seconds, rate = now - loop.began, loop.rate(now)
    parts = [loop.label, _count(loop), _drawing(loop), _pace(rate), clock(seconds)]
    if rate and loop.total and loop.done < loop.total:
        parts.append(f"· {clock((loop.total - loop.done - loop.part) / rate)} left")
    inner = loop.inner
    while inner is not None:
        parts.append(" ".join(word for word in ("·", inner.label, _count(inner)) if word))
        inner = inner.inner
    return " ".join(part for part in parts if part)


def _count(loop: Loop) -> str:
    return f"{loop.done:g}/{loop.total:g}" if loop.total else f"{loop.done:g}"


def _drawing(loop: Loop) -> str:
    if not loop.total:
        return ""
    full = min(_WIDTH, int(_WIDTH * (loop.done + loop.part) / loop.total))
    return f"[{'#' * full}{'·' * (_WIDTH - full)}]"


def _pace(rate: float | None) -> str:
    if rate is None:
        return ""
    return f"{rate:.1f}/s" if rate >= 1 else f"{1 / rate:.1f} s each"


def clock(seconds: float) -> str:
    """Return a length of time as a bar shows it: ``0:26``, ``1:02:03``."""
    minutes, second = divmod(max(0, int(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minutes}:{second:02d}"


def _forked() -> None:
    for progress in list(_living):
        progress.forked()


os.register_at_fork(after_in_child=_forked)
