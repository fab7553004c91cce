"""The output of a job: read it, or follow it while it grows."""

from __future__ import annotations

from contextlib import aclosing

from trackside.client._async.connection import AsyncConnection
from trackside.client._async.stream import AsyncStream
from trackside.client.awaiting import Flow
from trackside.models.stream import LogChunk

__all__ = ["follow_bytes", "follow_text", "read_log"]

_PART = 1024 * 1024


async def read_log(
    connection: AsyncConnection, job: str, *, tail: int | None = None, offset: int | None = None
) -> bytes:
    """Return the output so far, from ``tail`` lines before its end or from byte ``offset`` on."""
    parts: list[bytes] = []
    begin, from_tail = offset, tail if offset is None else None
    while True:
        part, begin = await _part(connection, job, begin, from_tail, _PART)
        parts.append(part)
        from_tail = None
        if len(part) < _PART:
            return b"".join(parts)


async def follow_text(
    connection: AsyncConnection, job: str, *, tail: int | None = None, offset: int | None = None
) -> Flow[str]:
    """Yield the output as it comes, until the job has ended and all was sent."""
    async with aclosing(_chunks(connection, job, tail, offset)) as chunks:
        async for chunk in chunks:
            yield chunk.text


async def follow_bytes(
    connection: AsyncConnection, job: str, *, tail: int | None = None, offset: int | None = None
) -> Flow[bytes]:
    """Yield the output as the job wrote it; the stream, whose text may hold replacements, only says what is new."""
    async with aclosing(_chunks(connection, job, tail, offset)) as chunks:
        async for chunk in chunks:
            position = chunk.offset
            while position < chunk.next:
                part, position = await _part(connection, job, position, None, min(chunk.next - position, _PART))
                if not part:
                    break  # the file became shorter meanwhile; the stream goes on from its start
                yield part


async def _chunks(connection: AsyncConnection, job: str, tail: int | None, offset: int | None) -> Flow[LogChunk]:
    params = {"follow": 1, "tail": tail if offset is None else None, "offset": offset}
    stream = AsyncStream(connection, f"jobs/{job}/log", params, resume="offset")
    async with aclosing(stream.messages()) as messages:
        async for message in messages:
            if isinstance(message, LogChunk):
                yield message


async def _part(
    connection: AsyncConnection, job: str, offset: int | None, tail: int | None, limit: int
) -> tuple[bytes, int]:
    """Return at most ``limit`` bytes, and the offset after them."""
    params = {"offset": offset, "tail": tail, "limit": limit}
    answer = await connection.answer("GET", f"jobs/{job}/log", params=params, repeat=True)
    return answer.content, int(answer.headers.get("x-trackside-next") or (offset or 0) + len(answer.content))
