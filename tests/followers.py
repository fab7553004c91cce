"""Many readers of one log at once, over plain sockets: what each of them got, at what cost of the server."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

__all__ = ["Followed", "follow", "follow_together", "stuck"]


@dataclass
class Followed:
    """What one reader got: the text of the log, piece by piece in order; when the last piece came."""

    pieces: list[str] = field(default_factory=list)
    at: float = 0.0
    done: bool = False

    @property
    def text(self) -> str:
        """All that came."""
        return "".join(self.pieces)


async def _opened(url: str, token: str, job: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    path = f"{parts.path}trackside/api/v1/jobs/{job}/log?follow=1"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: token {token}\r\n\r\n".encode())
    return reader, writer


async def follow(url: str, token: str, job: str) -> Followed:
    """Read the log to its end."""
    reader, writer = await _opened(url, token, job)
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head.split(b"\r\n", 1)[0], head
    seen, rest = Followed(), b""
    while not seen.done:
        size = int(await reader.readline() or b"0", 16)
        if not size:
            break
        rest += await reader.readexactly(size)
        await reader.readexactly(2)
        *frames, rest = rest.split(b"\n\n")
        for frame in frames:
            _take(frame, seen)
    writer.close()
    return seen


def _take(frame: bytes, seen: Followed) -> None:
    fields = dict(line.split(b": ", 1) for line in frame.split(b"\n") if b": " in line)
    if fields.get(b"event") == b"log":
        seen.pieces.append(json.loads(fields[b"data"])["text"])
        seen.at = time.monotonic()
    elif fields.get(b"event") == b"done":
        seen.done = True


async def follow_together(url: str, token: str, job: str, count: int) -> list[Followed]:
    """Read the log to its end, so many times at once."""
    return await asyncio.gather(*(follow(url, token, job) for _ in range(count)))


async def stuck(url: str, token: str, job: str) -> asyncio.StreamWriter:
    """Ask for the log and then read nothing of it, as a client does that is stopped."""
    _, writer = await _opened(url, token, job)
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # of a socket
    return writer
