"""How far the work is: records of their own in ``progress.jsonl``, and a plain bar where a terminal looks on."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TextIO, TypeVar

from trackside.tracking.encoding import timestamp
from trackside.tracking.folder import RunFolder
from trackside.tracking.lines import append_record
from trackside.tracking.losses import Losses

__all__ = ["Progress", "bar", "steps"]

T = TypeVar("T")

_PAUSE = 0.2
_WIDTH = 24


class Progress:
    """Writes progress down, at most five times a second and ever more rarely in a long run."""

    def __init__(self, folder: RunFolder, losses: Losses) -> None:
        self._folder = folder
        self._losses = losses
        self._began = (0.0, math.inf)
        """When the loop that is shown began, and with which ``i``."""
        self._last: tuple[float, float | None] = (math.inf, None)
        self._written = -math.inf
        self._waits = False

    def show(self, i: float, total: float | None = None) -> None:
        """Note that ``i`` of ``total`` is done; it is written now or with one of the next calls."""
        now = time.monotonic()
        if i < self._last[0]:
            self._began = (now, i)
        self._last, self._waits = (i, total), True
        if now - self._written >= max(_PAUSE, (now - self._began[0]) / 1000) or i == total:
            self.write()

    def write(self) -> None:
        """Write the last state unless it is written."""
        if not self._waits:
            return
        (i, total), (began, first), now = self._last, self._began, time.monotonic()
        record: dict[str, object] = {"_timestamp": timestamp(), "i": i, "total": total}
        if now > began and i > first:
            record["rate"] = round((i - first) / (now - began), 3)
        self._written, self._waits = now, False
        try:
            append_record(self._folder.progress, record)
        except OSError as error:
            self._losses.add(error)


def steps(items: Iterable[T], total: int | None, label: str, progress: Progress | None) -> Iterator[T]:
    """Yield the items and tell ``progress`` and a terminal on standard error how far they are."""
    size = total if total is not None else len(items) if isinstance(items, Sized) else None
    terminal = sys.stderr if sys.stderr is not None and sys.stderr.isatty() else None
    began, drawn, done = time.monotonic(), 0.0, 0
    try:
        for item in items:
            yield item
            done += 1
            if progress is not None:
                progress.show(done, size)
            if terminal is not None and time.monotonic() - drawn > _PAUSE:
                drawn = time.monotonic()
                _draw(terminal, bar(done, size, drawn - began, label))
    finally:
        if progress is not None:
            progress.write()
        if terminal is not None:
            _draw(terminal, bar(done, size, time.monotonic() - began, label), "\n")


def bar(done: int, total: int | None, seconds: float, label: str = "") -> str:
    """Return one line such as ``train 12/100 [###·····] 3.4/s 0:12``."""
    rate = f"{done / seconds:.1f}/s" if seconds > 0 and done else ""
    clock = f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
    if not total:
        return " ".join(part for part in (label, str(done), rate, clock) if part)
    full = min(_WIDTH, _WIDTH * done // total)
    drawing = f"[{'#' * full}{'·' * (_WIDTH - full)}]"
    return " ".join(part for part in (label, f"{done}/{total}", drawing, rate, clock) if part)


def _draw(terminal: TextIO, line: str, end: str = "") -> None:
    try:
        terminal.write(f"\r{line}\x1b[K{end}")
        terminal.flush()
    except OSError:
        pass  # the terminal was closed; the work goes on
