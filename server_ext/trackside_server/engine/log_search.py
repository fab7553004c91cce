"""Finds lines in a log from its end towards its beginning, piece by piece, as fast as the memory gives the bytes.

It looks at what is shown: in the log of a job with secrets their values are stars, and not to be found. One search takes
a bounded time; whoever wants more goes on from where it stopped.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from trackside.errors import InvalidInput
from trackside.models.log import LogMatch, LogMatches
from trackside_server.engine.masking import ShownLog
from trackside_server.engine.records import size_of
from trackside_server.isolation.holes import given_back

__all__ = ["search"]

_BLOCK = 1 << 20
"""Bytes looked at in one go: small, since other threads wait meanwhile."""
_SAMPLE = 1 << 16
_LINE = 2000
"""Bytes of a line that are answered at most, around what was found."""
_LONGEST = 1000
_MOST = 1000
_PATIENCE = 0.5


def search(
    log: ShownLog, text: str, *, before: int | None = None, limit: int = 100, ignore_case: bool = False
) -> LogMatches:
    """Return the last ``limit`` lines that hold ``text`` and begin before byte ``before``, the last one first.

    ``ignore_case`` takes small and capital ASCII letters for the same. Raises InvalidInput for a text that no line holds.
    """
    wanted = _Wanted(text, ignore_case)
    if not 1 <= limit <= _MOST:
        raise InvalidInput(f"limit: {limit} is out of range.", hint=f"Ask for 1 to {_MOST} lines.")
    size = size_of(log.path)
    end = size if before is None else min(before, size)
    give_up = time.monotonic() + _PATIENCE
    found: list[LogMatch] = []
    for start, stop in _blocks(log.path, end):
        for match in _lines_within(log, wanted, start, stop):
            if found and match.offset >= found[-1].offset:
                continue  # a line that lies over two blocks
            found.append(match)
            if len(found) == limit:
                return LogMatches(found, match.offset, size)
        if time.monotonic() > give_up and start > 0:
            return LogMatches(found, start, size)
    return LogMatches(found, None, size)


class _Wanted:
    """What is looked for, and the byte of it that the log seems to have least of."""

    def __init__(self, text: str, ignore_case: bool) -> None:
        self.bytes = text.encode("utf-8", "surrogatepass")
        if not self.bytes or b"\n" in self.bytes or len(self.bytes) > _LONGEST:
            raise InvalidInput(
                "A search needs a text within one line.", hint=f"Give 1 to {_LONGEST} bytes without a line break."
            )
        self._ignore_case = ignore_case
        if ignore_case:
            self.bytes = self.bytes.lower()
        self._rare: bytes | None = None

    def within(self, data: bytes) -> Iterator[int]:
        """Yield where it begins, the last place first; after each, go on before the line that it is in."""
        if self._ignore_case:
            data = data.lower()
        if self._rare is None:
            counts = Counter(data[-_SAMPLE:])
            self._rare = bytes([min(self.bytes, key=lambda byte: counts[byte])])
        if data.find(self._rare) < 0 or data.find(self.bytes) < 0:  # the first is many times as fast
            return
        end = len(data)
        while (place := data.rfind(self.bytes, 0, end)) >= 0:
            yield place
            end = data.rfind(b"\n", 0, place) + 1


def _blocks(path: Path, end: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each piece that is kept, the last one first."""
    gap = _gap(path)
    while end > 0:
        if gap is not None and gap[0] < end <= gap[1]:
            end = gap[0]
            continue
        floor = gap[1] if gap is not None and gap[1] < end else 0
        start = max(floor, end - _BLOCK)
        yield start, end
        end = start


def _gap(path: Path) -> tuple[int, int] | None:
    try:
        with path.open("rb", buffering=0) as file:
            return given_back(file.fileno())
    except OSError:
        return None


def _lines_within(log: ShownLog, wanted: _Wanted, start: int, stop: int) -> Iterator[LogMatch]:
    """Yield the lines with a match that begins between these bytes, the last one first."""
    data = log.block(start, stop - start + len(wanted.bytes) - 1)
    for place in wanted.within(data):
        yield _line(log, start + place)


def _line(log: ShownLog, place: int) -> LogMatch:
    """Return the line around this byte; of a very long one the part around it."""
    first = max(0, place - _LINE // 2)
    around = log.block(first, _LINE)
    at = place - first
    begin = around.rfind(b"\n", 0, at) + 1
    end = around.find(b"\n", at)
    line = around[begin : end if end >= 0 else None]
    return LogMatch(first + begin, place, line.decode("utf-8", "replace").rstrip("\r"))
