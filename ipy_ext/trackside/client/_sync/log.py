# Generated from trackside/client/_async by `python -m trackside.client.generate`; edit there.
"""The output of a job: read it, or follow it while it grows."""

from __future__ import annotations

from contextlib import closing

from trackside.client._sync.connection import Connection
from trackside.client._sync.stream import Stream
from trackside.client.waiting import Flow
from trackside.models.stream import LogChunk

__all__ = ["follow_bytes", "follow_text", "read_log"]

_PART = 1024 * 1024


def read_log(connection: Connection, job: str, *, tail: int | None = None, offset: int | None = None) -> bytes:
    """Return the output so far, from ``tail`` lines before its end or from byte ``offset`` on."""
    parts: list[bytes] = []
    begin, from_tail = offset, tail if offset is None else None
    while True:
        part, begin = _part(connection, job, begin, from_tail, _PART)
        parts.append(part)
        from_tail = None
        if len(part) < _PART:
            return b"".join(parts)


def follow_text(connection: Connection, job: str, *, tail: int | None = None, offset: int | None = None) -> Flow[str]:
    """Yield the output as it comes, until the job has ended and all was sent."""
    with closing(_chunks(connection, job, tail, offset)) as chunks:
        for chunk in chunks:
            yield chunk.text


def follow_bytes(
    connection: Connection, job: str, *, tail: int | None = None, offset: int | None = None
) -> Flow[bytes]:
    """Yield the output as the job wrote it; the stream, whose text may hold replacements, only says what is new."""
    with closing(_chunks(connection, job, tail, offset)) as chunks:
        for chunk in chunks:
            position = chunk.offset
            while position < chunk.next:
                part, position = _part(connection, job, position, None, min(chunk.next - position, _PART))
                if not part:
                    break  # the file became shorter meanwhile; the stream goes on from its start
                yield part


def _chunks(connection: Connection, job: str, tail: int | None, offset: int | None) -> Flow[LogChunk]:
    params = {"follow": 1, "tail": tail if offset is None else None, "offset": offset}
    stream = Stream(connection, f"jobs/{job}/log", params, resume="offset")
    with closing(stream.messages()) as messages:
        for message in messages:
            if isinstance(message, LogChunk):
                yield message


def _part(connection: Connection, job: str, offset: int | None, tail: int | None, limit: int) -> tuple[bytes, int]:
    """Return at most ``limit`` bytes, and the offset after them."""
    params = {"offset": offset, "tail": tail, "limit": limit}
    answer = connection.answer("GET", f"jobs/{job}/log", params=params, repeat=True)
    return answer.content, int(answer.headers.get("x-trackside-next") or (offset or 0) + len(answer.content))
