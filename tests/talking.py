"""A server in a function: what tests of the client let the network answer, at the seam that httpx has for it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec

from trackside.models import Job, JobSpec

__all__ = ["Recorder", "Torn", "job", "sse"]

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def job(number: int = 41, status: str = "running", **fields: Any) -> Job:
    """Return a job as a server answers it."""
    name = f"job-{number}"
    given: dict[str, Any] = {"created_at": AT, "spec": JobSpec(command=["true"]), "name": name, **fields}
    return Job(
        id=name, uuid=f"u{number}", home_id="h1", run_id=name, run_dir=f"/home/runs/{name}", status=status, **given
    )


def sse(*messages: Any, first: int | None = None) -> bytes:
    """Return messages as server-sent events; a Struct is sent under its tag, with its ``next`` as the id."""
    frames = []
    for message in messages:
        if isinstance(message, bytes):
            frames.append(message)
            continue
        fields = msgspec.to_builtins(message)
        position = fields.get("next")
        head = f"id: {position}\n" if position is not None and fields["type"] != "done" else ""
        frames.append(f"{head}event: {fields['type']}\ndata: {json.dumps(fields)}\n\n".encode())
    return b"".join(frames)


class Torn(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes in chunks, made as they are read; an exception among them breaks the connection there."""

    def __init__(self, chunks: Iterable[bytes | Exception]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk


Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Recorder(httpx.MockTransport):
    """Gives the answers in their order, the last one again and again; keeps the requests."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(self._answer)
        self.requests: list[httpx.Request] = []
        self._answers: Sequence[Answer] = answers

    @property
    def last(self) -> httpx.Request:
        """The last request."""
        return self.requests[-1]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers[min(len(self.requests), len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
