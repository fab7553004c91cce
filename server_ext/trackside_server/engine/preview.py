"""Preview: the head of a table in a file of a run, read in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from trackside.errors import InvalidInput, TryAgain
from trackside.models import TablePreview
from trackside_server.engine import runs
from trackside_server.engine.artifacts import Root, find_artifact
from trackside_server.engine.core import Core

__all__ = ["preview"]

_MOST = 500
_PATIENCE = 30.0


async def preview(core: Core, run: str, path: str, *, root: Root, rows: int) -> TablePreview:
    """Return the first rows of a CSV, TSV or Parquet file.

    Raises NotFound where there is no such file, InvalidInput for one outside of the run's folder or without a table
    in it, TryAgain where reading takes longer than half a minute.
    """
    if not 1 <= rows <= _MOST:
        raise InvalidInput(f"rows: {rows} is out of range.", hint=f"Choose from 1 to {_MOST}.")
    file = find_artifact(await runs.folder(core, run), path, root)
    try:
        found = await asyncio.wait_for(_read(file, rows), _PATIENCE)
    except TimeoutError:
        raise TryAgain(f"Reading the head of {path} took too long.", hint="Download it instead.") from None
    if isinstance(found, str):
        raise InvalidInput(found, hint="Download it to see what it holds.", code="not_a_table")
    return found


async def _read(file: Path, rows: int) -> TablePreview | str:
    """The head, or why there is none."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "trackside_server.engine.preview_process", str(file), str(rows),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "POLARS_MAX_THREADS": "2"},
    )  # fmt: skip
    try:
        said, _ = await process.communicate()
    except BaseException:
        if process.returncode is None:
            process.kill()
        raise
    if process.returncode:
        return f"{file.name} cannot be read as a table: the reader of it ended with {process.returncode}."
    return msgspec.json.decode(said, type=TablePreview | str)
