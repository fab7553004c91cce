"""Preview: the head of a table in a file of a run, read in a process of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from trackside.errors import InvalidInput, TryAgain
from trackside.models import TablePreview
from trackside_server.engine import runs
from trackside_server.engine.artifacts import Root, find_artifact
from trackside_server.engine.aside import said_aside
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
        found = await asyncio.wait_for(_read(core, file, rows), _PATIENCE)
    except TimeoutError:
        raise TryAgain(f"Reading the head of {path} took too long.", hint="Download it instead.") from None
    if isinstance(found, str):
        raise InvalidInput(found, hint="Download it to see what it holds.", code="not_a_table")
    return found


async def _read(core: Core, file: Path, rows: int) -> TablePreview | str:
    """The head, or why there is none."""
    async with core.previews:
        try:
            said = await said_aside("preview_process", str(file), str(rows), threads=2)
        except ChildProcessError as error:
            return f"{file.name} cannot be read as a table: {error}."
    return msgspec.json.decode(said, type=TablePreview | str)
