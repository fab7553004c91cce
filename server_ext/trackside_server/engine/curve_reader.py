"""Where curves are read: small files here, in a thread; big ones in a process that keeps their columns for a while."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from trackside.models import Metrics
from trackside.tracking.reading.choice import has_polars
from trackside_server.engine.curves import read_curves
from trackside_server.engine.records import size_of

__all__ = ["CurveReader"]

_LOG = logging.getLogger("trackside.server")
_BIG = 16 << 20
"""Bytes that take as long to read here as a process takes to start."""
_BIG_FOR_ONE_THAT_RUNS = 1 << 20


class CurveReader:
    """Reads curves for all who ask. The process is started when it is needed first and ends by itself."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._can = has_polars()

    async def read(
        self,
        path: Path,
        run_id: str,
        *,
        keys: Sequence[str] | None,
        x: str,
        max_points: int,
        since: int = 0,
        between: tuple[float, float] | None = None,
    ) -> Metrics:
        """Return the curves of a ``metrics.jsonl``; see ``read_curves``. The event loop is never held."""
        asked: dict[str, object] = {"keys": keys, "x": x, "max_points": max_points, "since": since, "between": between}
        if self._can and size_of(path) - since >= (_BIG_FOR_ONE_THAT_RUNS if self._runs() else _BIG):
            try:
                async with self._turn:
                    return await self._ask(path, run_id, asked)
            except (OSError, EOFError, msgspec.MsgspecError) as error:
                _LOG.warning("curves are read in the server itself: %s", error)
                self._drop()
        return await asyncio.to_thread(read_curves, path, run_id, **asked)  # type: ignore[arg-type]  # as they came

    async def close(self) -> None:
        """End the process."""
        process = self._drop()
        if process is not None:
            await process.wait()

    def _drop(self) -> asyncio.subprocess.Process | None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        return process

    def _runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def _ask(self, path: Path, run_id: str, asked: dict[str, object]) -> Metrics:
        from trackside_server.engine.wire_curves import Answer, Question, framed

        question = msgspec.convert({"path": str(path), "run_id": run_id, **asked}, Question)
        try:
            answer = await self._answer(framed(question))
        except (OSError, EOFError):  # it ended just now, having had nothing to do
            answer = await self._answer(framed(question))
        found = msgspec.msgpack.decode(answer, type=Answer)
        if found.metrics is None:
            raise OSError(found.problem)
        return found.metrics

    async def _answer(self, question: bytes) -> bytes:
        if not self._runs():
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "trackside_server.engine.curve_process",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
            )  # fmt: skip
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(question)
            await process.stdin.drain()
            size = int.from_bytes(await process.stdout.readexactly(4), "big")
            return await process.stdout.readexactly(size)
        except BaseException:  # also a caller who gave up: the answer would be taken for that of the next question
            self._drop()
            raise
