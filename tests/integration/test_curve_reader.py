"""The process that reads curves of big files comes and goes; whoever asks gets the curves all the same."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.serving import until
from trackside.models import Metrics
from trackside_server.engine import curve_reader
from trackside_server.engine.curve_reader import CurveReader
from trackside_server.engine.curves import read_curves

ASKED = {"keys": None, "x": "step", "max_points": 100, "since": 0}


@pytest.fixture
def big(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that counts as big."""
    monkeypatch.setattr(curve_reader, "_BIG", 1)
    monkeypatch.setattr(curve_reader, "_BIG_FOR_ONE_THAT_RUNS", 1)
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps({"step": n, "loss": n / 7}) + "\n" for n in range(5000)))
    return path


@asynccontextmanager
async def _reader() -> AsyncIterator[CurveReader]:
    reader = CurveReader()
    try:
        yield reader
    finally:
        await reader.close()


async def _ask(reader: CurveReader, path: Path, **other: object) -> Metrics:
    return await reader.read(path, "r", **{**ASKED, **other})  # type: ignore[arg-type]


def _pid(reader: CurveReader) -> int:
    assert reader._process is not None
    return reader._process.pid


def test_it_is_asked_again_and_again_and_by_many_at_once(big: Path) -> None:
    async def ask() -> None:
        async with _reader() as reader:
            answers = await asyncio.gather(*(_ask(reader, big, max_points=20 + n) for n in range(10)))
            assert answers == [read_curves(big, "r", max_points=20 + n) for n in range(10)]
            part = (100.0, 900.5)
            assert await _ask(reader, big, between=part) == read_curves(big, "r", max_points=100, between=part)
            process = _pid(reader)
            assert await _ask(reader, big, keys=["loss", "absent"]) == read_curves(
                big, "r", keys=["loss"], max_points=100
            )
            assert _pid(reader) == process

    asyncio.run(ask())


def test_one_that_was_killed_is_started_again(big: Path) -> None:
    async def ask() -> None:
        async with _reader() as reader:
            expected = await _ask(reader, big)
            process = _pid(reader)
            os.kill(process, signal.SIGKILL)
            assert await _ask(reader, big) == expected
            assert _pid(reader) != process

    asyncio.run(ask())


def test_a_caller_who_gives_up_leaves_no_answer_for_the_next(big: Path) -> None:
    async def ask() -> None:
        async with _reader() as reader:
            await _ask(reader, big)
            given_up = asyncio.ensure_future(_ask(reader, big, max_points=50))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            given_up.cancel()
            await asyncio.gather(given_up, return_exceptions=True)
            assert await _ask(reader, big, max_points=60) == read_curves(big, "r", max_points=60)

    asyncio.run(ask())


def test_where_it_cannot_start_the_curves_are_read_here(big: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> None:
        async with _reader() as reader:
            monkeypatch.setattr("sys.executable", "/nowhere/python")
            assert await _ask(reader, big) == read_curves(big, "r", max_points=100)

    asyncio.run(ask())


def test_it_ends_with_its_server(big: Path) -> None:
    async def ask() -> int:
        async with _reader() as reader:
            await _ask(reader, big)
            return _pid(reader)

    process = asyncio.run(ask())
    until(lambda: not Path(f"/proc/{process}").exists(), "its end")
