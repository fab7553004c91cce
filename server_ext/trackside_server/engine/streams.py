"""The live messages of one subscription, as async generators; SSE and the WebSocket send the same ones.

Positions are byte offsets (log, metrics) or event ids; ``next`` in every message resumes exactly there. A generator
reads on only when the last message was taken, so that a slow reader waits in its own file, not in our memory.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from trackside.models import Reason, Status
from trackside.models.stream import (
    Done,
    LogChunk,
    MetricsChunk,
    ProgressMessage,
    ServerMessage,
    Subscribed,
    Truncated,
)
from trackside.tracking.folder import RunFolder
from trackside_server.engine.tail import Tails

__all__ = ["Messages", "Outcome", "log_stream", "metrics_stream", "read_log", "tail_offset"]

_CHUNK = 64 * 1024
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
) -> Messages:
    """Yield the log from byte ``since`` (or ``tail`` lines before its end, or the start) on, then ``Done``."""
    position = since if since is not None else tail_offset(folder.log, tail) if tail is not None else 0
    yield Subscribed(sub, position)
    async for _ in tails.changes(folder.log, folder=folder.path):
        ended = await outcome()
        while True:
            data, shorter = _read(folder.log, position)
            if shorter:
                position = 0
                yield Truncated(sub)
                continue
            text, used = _decode(data, final=ended is not None and len(data) < _CHUNK)
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
    progress = _Progress(folder.path / "progress.jsonl")
    yield Subscribed(sub, position)
    async for _ in tails.changes(folder.metrics, progress.path, folder=folder.path):
        ended = await outcome()
        while (chunk := _records(folder.metrics, position, sub)) is not None:
            if chunk.records:
                yield chunk
            position = chunk.next
        moved = progress.moved(sub)
        if moved is not None:
            yield moved
        if ended is not None:
            yield Done(sub, position, *ended)
            return
        await asyncio.sleep(0)


def read_log(path: Path, offset: int, limit: int) -> bytes:
    """Return at most ``limit`` bytes of a file from ``offset`` on; nothing when there is no file yet."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(limit)
    except FileNotFoundError:
        return b""


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
        while position > 0:
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
        return 0


def _nth_newline_from_end(block: bytes, count: int) -> int:
    index = len(block)
    for _ in range(count):
        index = block.rfind(b"\n", 0, index)
    return index


def _read(path: Path, position: int) -> tuple[bytes, bool]:
    """The bytes from a position on, and whether the file is shorter than that."""
    try:
        with path.open("rb") as file:
            if file.seek(0, 2) < position:
                return b"", True
            file.seek(position)
            return file.read(_CHUNK), False
    except FileNotFoundError:
        return b"", position > 0


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


def _records(path: Path, position: int, sub: str) -> MetricsChunk | None:
    """The whole lines after a position; None when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(position)
            data = file.read(_CHUNK)
            if b"\n" not in data and len(data) == _CHUNK:
                data += file.readline()
    except FileNotFoundError:
        return None
    end = data.rfind(b"\n") + 1
    if not end:
        return None
    records = []
    for line in data[:end].splitlines():
        try:
            records.append(msgspec.json.decode(line, type=msgspec.Raw))
        except msgspec.DecodeError:
            continue  # a torn line costs only itself
    return MetricsChunk(sub, position, position + end, records)


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
        last = read_log(self.path, tail_offset(self.path, 1), _CHUNK).strip()
        try:
            record = json.loads(last)
            return ProgressMessage(sub, record["i"], record.get("total"), record.get("rate"))
        except (ValueError, KeyError, TypeError):
            return None
