"""The media of a run: pages of its records, newest first."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from trackside.errors import InvalidInput, near
from trackside.models.media import MediaKey, MediaKind, MediaPage
from trackside_server.engine import runs
from trackside_server.engine.core import Core
from trackside_server.engine.jobs import read_limit
from trackside_server.engine.records import MOST, as_media, read_bytes, size_of

__all__ = ["page", "read_page"]

KINDS = ("image", "figure", "table", "text", "histogram")
_FURTHEST = 64 << 20
"""Bytes before the end that are looked through: what lies before is too old for a panel, and too much for a request."""


class _Head(msgspec.Struct, frozen=True):
    """What a record is found by; the rest of its line is passed over."""

    key: str
    kind: MediaKind


_head = msgspec.json.Decoder(_Head)


async def page(core: Core, run: str, *, key: str | None, kind: str | None, limit: int, cursor: str | None) -> MediaPage:
    """Return one page of a run's media, of one key or of one kind where these are named."""
    if kind is not None and kind not in KINDS:
        raise InvalidInput(f"kind: {kind!r} is not known.", hint=near(kind, KINDS) or f"Known: {', '.join(KINDS)}.")
    limit, before = read_limit(limit), _read_cursor(cursor)
    path = (await runs.folder(core, run)).media
    return await asyncio.to_thread(read_page, path, key=key, kind=kind, limit=limit, before=before)


def read_page(path: Path, *, key: str | None, kind: str | None, limit: int, before: int | None = None) -> MediaPage:
    """Return the last ``limit`` records that begin before byte ``before``, newest first."""
    start = max(0, size_of(path) - _FURTHEST)
    data = read_bytes(path, start, _FURTHEST)
    end = data.rfind(b"\n") + 1
    counts: Counter[tuple[str, MediaKind]] = Counter()
    last: deque[tuple[int, bytes]] = deque(maxlen=limit + 1)
    for place, line, found in _heads(data, end):
        if (key is None or found.key == key) and (kind is None or found.kind == kind):
            counts[found.key, found.kind] += 1
            if before is None or start + place < before:
                last.append((start + place, line))
    chosen = list(last)[-limit:]
    media = [record for _, line in reversed(chosen) if (record := as_media(line)) is not None]
    more = str(chosen[0][0]) if len(last) > limit else None
    return MediaPage(media, more, [MediaKey(*each, number) for each, number in counts.items()], start + end)


def _heads(data: bytes, end: int) -> Iterator[tuple[int, bytes, _Head]]:
    """Yield place, line and head of each record that can be read."""
    place = 0
    while place < end:
        stop = data.index(b"\n", place)
        line = data[place:stop]
        found = _read_head(line)
        if found is not None:
            yield place, line, found
        place = stop + 1


def _read_head(line: bytes) -> _Head | None:
    try:
        return _head.decode(line)
    except (ValueError, RecursionError):
        return None


def _read_cursor(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdigit() or int(cursor) >= MOST:
        raise InvalidInput(f"cursor: {cursor!r} is none.", hint="Send `next` of the page before.")
    return int(cursor)
