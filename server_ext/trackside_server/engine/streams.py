"""The live messages of one subscription, as async generators; SSE and the WebSocket send the same ones.

Positions are byte offsets (log, metrics) or event ids; ``next`` in every message resumes exactly there. A generator
reads on only when the last message was taken, so that a slow reader waits in its own file, not in our memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from trackside.models import Reason, Status
from trackside.models.gaps import gap_told
from trackside.models.progress import Progress, parse_progress
from trackside.models.stream import (
    Done,
    LogChunk,
    MediaChunk,
    MetricsChunk,
    ProgressMessage,
    ServerMessage,
    Subscribed,
    Truncated,
)
from trackside.tracking.folder import RunFolder
from trackside_server.engine.masking import ShownLog
from trackside_server.engine.records import as_media, as_record, gap_within, read_bytes, size_of
from trackside_server.engine.tail import Tails

__all__ = ["Messages", "Outcome", "last_progress", "log_stream", "media_stream", "metrics_stream", "tail_offset"]

_CHUNK = 64 * 1024
_FURTHEST = 16 * 1024 * 1024
"""Bytes before the end in which lines are looked for: a log may be gigabytes without a single one."""
Messages = AsyncGenerator[ServerMessage, None]
"""The messages of one subscription; closing it ends the subscription."""
Outcome = Callable[[], Awaitable[tuple[Status, Reason | None] | None]]
"""Tells how a run ended, None while it goes on."""


async def log_stream(
    folder: RunFolder,
    tails: Tails,
    outcome: Outcome,
    *,
    since: int | None = None,
    tail: int | None = None,
    sub: str = "",
    shown: ShownLog | None = None,
) -> Messages:
    """Yield the log from byte ``since`` (or ``tail`` lines before its end, or the start) on, then ``Done``.

    ``shown`` is the log as it may be shown, where that is not the file as it is.
    """
    shown = shown or ShownLog(folder)
    position = since or 0
    if since is None and tail is not None:
        position = await asyncio.to_thread(tail_offset, folder.log, tail)
    yield Subscribed(sub, position)
    async with aclosing(tails.changes(folder.log, folder=folder.path)) as changes:
        async for _ in changes:
            ended = await outcome()
            while True:
                data, shorter = _read(shown, position, final=ended is not None)
                if shorter:
                    position = 0
                    yield Truncated(sub)
                    continue
                gap = gap_within(shown.path, data, position)
                if gap is not None and gap[0] <= position:
                    text, used = gap_told(gap[1] - gap[0]), gap[1] - position
                else:
                    last = gap is not None or (ended is not None and len(data) < _CHUNK)
                    text, used = _decode(data[: gap[0] - position] if gap else data, final=last)
                if not used:
                    break
                yield LogChunk(sub, position, position + used, text)
                position += used
            if ended is not None:
                yield Done(sub, position, *ended)
                return


async def metrics_stream(
    folder: RunFolder, tails: Tails, outcome: Outcome, *, since: int | None = None, sub: str = ""
) -> Messages:
    """Yield whole metric records from byte ``since`` on and the progress when it moves, then ``Done``."""
    position = since or 0
    progress = _Progress(folder.progress)
    yield Subscribed(sub, position)
    async with aclosing(tails.changes(folder.metrics, progress.path, folder=folder.path)) as changes:
        async for _ in changes:
            ended = await outcome()
            if size_of(folder.metrics) < position:
                position = 0
                yield Truncated(sub)
            while (lines := _lines(folder.metrics, position)) is not None:
                records = [record for record in map(as_record, lines) if record is not None]
                begin, position = position, position + sum(map(len, lines)) + len(lines)
                if records:
                    yield MetricsChunk(sub, begin, position, records)
            moved = progress.moved(sub)
            if moved is not None:
                yield moved
            if ended is not None:
                yield Done(sub, position, *ended)
                return


async def media_stream(
    folder: RunFolder, tails: Tails, outcome: Outcome, *, since: int | None = None, sub: str = ""
) -> Messages:
    """Yield whole records of media from byte ``since`` on, then ``Done``."""
    position = since or 0
    yield Subscribed(sub, position)
    async with aclosing(tails.changes(folder.media, folder=folder.path)) as changes:
        async for _ in changes:
            ended = await outcome()
            if size_of(folder.media) < position:
                position = 0
                yield Truncated(sub)
            while (lines := _lines(folder.media, position)) is not None:
                records = [record for record in map(as_media, lines) if record is not None]
                begin, position = position, position + sum(map(len, lines)) + len(lines)
                if records:
                    yield MediaChunk(sub, begin, position, records)
            if ended is not None:
                yield Done(sub, position, *ended)
                return


def tail_offset(path: Path, lines: int) -> int:
    """Return the byte offset at which the last ``lines`` lines of a file begin; reads only its end."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return 0
    with file:
        position = file.seek(0, 2)
        if lines <= 0:
            return position
        wanted = lines + 1
        first = True
        furthest = max(0, position - _FURTHEST)
        while position > furthest:
            step = min(_CHUNK, position)
            file.seek(position - step)
            block = file.read(step)
            if first and not block.endswith(b"\n"):
                wanted -= 1
            first = False
            found = block.count(b"\n")
            if found >= wanted:
                return position - step + _nth_newline_from_end(block, wanted) + 1
            wanted -= found
            position -= step
        return position


def _nth_newline_from_end(block: bytes, count: int) -> int:
    index = len(block)
    for _ in range(count):
        index = block.rfind(b"\n", 0, index)
    return index


def _read(log: ShownLog, position: int, *, final: bool) -> tuple[bytes, bool]:
    """The bytes from a position on, and whether the file is shorter than that."""
    data = log.read(position, _CHUNK, final=final)
    return data, not data and size_of(log.path) < position


def _decode(data: bytes, *, final: bool) -> tuple[str, int]:
    """Text and number of bytes used: a character that is not whole yet stays for the next time, unless this is all."""
    if final or not data:
        return data.decode("utf-8", "replace"), len(data)
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 2 if byte >> 5 == 0b110 else 3 if byte >> 4 == 0b1110 else 4 if byte >> 3 == 0b11110 else 1
        if length > back:
            data = data[:-back]
        break
    return data.decode("utf-8", "replace"), len(data)


def _lines(path: Path, position: int) -> list[bytes] | None:
    """The whole lines after a position, without their newlines; None when there is none."""
    size = _CHUNK
    data = read_bytes(path, position, size)
    while len(data) == size and b"\n" not in data:  # a line longer than that
        size *= 4
        data = read_bytes(path, position, size)
    end = data.rfind(b"\n") + 1
    return data[: end - 1].split(b"\n") if end else None


def last_progress(path: Path) -> Progress | None:
    """Return how far a run is by the last line of its ``progress.jsonl``; None where it does not tell."""
    return parse_progress(read_bytes(path, tail_offset(path, 1), _CHUNK).strip())


@dataclass(slots=True)
class _Progress:
    """The last line of ``progress.jsonl``."""

    path: Path
    size: int = 0

    def moved(self, sub: str) -> ProgressMessage | None:
        try:
            size = self.path.stat().st_size
        except OSError:
            return None
        if size == self.size:
            return None
        self.size = size
        last = last_progress(self.path)
        return None if last is None else ProgressMessage(sub, **msgspec.structs.asdict(last))
