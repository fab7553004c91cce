"""Runs: their facts, metrics and files."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from trackside.client._async.connection import AsyncConnection
from trackside.client._async.download import download_to
from trackside.client._async.pages import every_run
from trackside.client._async.stream import AsyncStream
from trackside.client.awaiting import Flow
from trackside.client.frames import frame_of_table, need_library
from trackside.client.parts import Root, artifact_path, local_path, records_of
from trackside.client.reference import Reference, joined, name_of, segment
from trackside.errors import InvalidInput
from trackside.models import ArtifactPage, Comparison, MediaPage, Metrics, RunInfo, RunPage, RunTable, TablePreview
from trackside.models.media import MediaKind
from trackside.models.stream import ServerMessage

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["AsyncRuns"]


class AsyncRuns:
    """The runs of a server, with or without a job. A run is named by its id, its name (the newest of that name)
    or its value."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(
        self,
        query: str | None = None,
        *,
        tag: str | None = None,
        status: str | Iterable[str] | None = None,
        limit: int = 50,
        cursor: str | None = None,
        offset: int = 0,
        total: bool = False,
    ) -> RunPage:
        """Return one page of runs, newest first, that fit ``query``, past ``offset`` of them; with ``total``, all are counted.

        ``tag:baseline status:failed config.lr<0.01 loss.min<0.3 since:7d text``: every word must hold, ``-`` in front of
        one turns it round. Words alone stand in the name, the id or a tag.
        """
        params = {"query": query, "tag": tag, "status": joined(status), "limit": limit, "cursor": cursor}
        params |= {"offset": offset or None, "total": 1 if total else None}
        return await self._connection.get("runs", RunPage, params)

    async def iterate(
        self, query: str | None = None, *, tag: str | None = None, status: str | Iterable[str] | None = None
    ) -> Flow[RunInfo]:
        """Yield all runs, newest first, page by page as they are taken."""
        params = {"query": query, "tag": tag, "status": joined(status)}
        async with aclosing(every_run(self._connection, params)) as runs:
            async for run in runs:
                yield run

    async def get(self, run: Reference) -> RunInfo:
        """Return the run as it is now."""
        return await self._connection.get(f"runs/{segment(run)}", RunInfo)

    async def patch(self, run: Reference, *, name: str | None = None, tags: Iterable[str] | None = None) -> RunInfo:
        """Change the name or the tags of a run; what is None stays."""
        fields: dict[str, object] = {} if name is None else {"name": name}
        if tags is not None:
            fields["tags"] = builtins.list(tags)
        content = msgspec.json.encode(fields)
        return await self._connection.value("PATCH", f"runs/{segment(run)}", RunInfo, content=content, repeat=True)

    async def delete(self, run: Reference) -> None:
        """Delete a finished run with its folder; Conflict while it is unfinished."""
        await self._connection.answer("DELETE", f"runs/{segment(run)}")

    async def metrics(
        self,
        run: Reference,
        keys: str | Iterable[str] | None = None,
        *,
        x: str = "step",
        max_points: int = 2000,
        since: int | None = None,
        between: tuple[float, float] | None = None,
    ) -> Metrics:
        """Return curves of the run over ``x`` (``step``, ``time`` or a key), thinned to what a screen can show.

        Minima and maxima are kept. ``since`` is the ``next`` of an earlier answer: only what came after it. ``between``
        two values of x there are more points; count, last, minimum and maximum stay those of the whole curve.
        """
        part = None if between is None else f"{between[0]!r},{between[1]!r}"
        params = {"keys": joined(keys), "x": x, "max_points": max_points, "since": since, "between": part}
        return await self._connection.get(f"runs/{segment(run)}/metrics", Metrics, params)

    async def records(self, run: Reference) -> builtins.list[dict[str, object]]:
        """Return every record of ``metrics.jsonl`` as it was logged; an empty list when nothing was."""
        listed = await self.artifacts(run, root="run")
        if not any(artifact.path == "metrics.jsonl" for artifact in listed.artifacts):
            return []
        return records_of(await self.artifact(run, "metrics.jsonl", root="run"))

    async def table(self, query: str | None = None, *, limit: int = 1000, library: str = "pandas") -> DataFrame:
        """Return runs that fit ``query`` as a DataFrame of ``library`` (``pandas`` or ``polars``), newest first.

        Columns: ``id name status tags started duration`` (UTC; seconds), ``config.KEY``, ``summary.KEY``, and of each
        metric ``KEY.last``, ``KEY.min``, ``KEY.max``. Nested settings are joined by dots (``config.opt.lr``); what a run
        logged or summed up nested has slashes, as it was kept (``summary.val/acc``, ``val/loss.last``). Of more runs than
        ``limit`` the newest are there, and ``frame.attrs["more"]`` is True (pandas).
        """
        need_library(library)
        found = await self._connection.get("runs/table", RunTable, {"query": query, "limit": limit})
        return frame_of_table(found, library)

    async def compare(
        self,
        runs: Iterable[Reference],
        *,
        keys: str | Iterable[str] | None = None,
        x: str = "step",
        max_points: int = 500,
    ) -> Comparison:
        """Return runs side by side, what differs first: config, environment, source against the first run, metrics.

        ``curves`` hold the metrics over one axis ``x``: ``step``, ``time`` (seconds since each run began) or a key.
        """
        names = [name_of(run) for run in runs]
        if any("," in name for name in names):
            raise InvalidInput("A name with a comma cannot stand here.", hint="Use the run's id.")
        params = {"ids": ",".join(names), "keys": joined(keys), "x": x, "max_points": max_points}
        return await self._connection.get("runs/compare", Comparison, params)

    async def outputs(self, run: Reference) -> builtins.list[dict[str, object]]:
        """Return the rich outputs of the run's cell, in order, as ``outputs.jsonl`` has them."""
        return await self._connection.get(f"runs/{segment(run)}/outputs", builtins.list[dict[str, object]])

    async def media(
        self,
        run: Reference,
        key: str | None = None,
        *,
        kind: MediaKind | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> MediaPage:
        """Return one page of the run's images, figures, tables, texts and histograms, newest first.

        The content of each is ``artifact(run, record.path)``.
        """
        params = {"key": key, "kind": kind, "limit": limit, "cursor": cursor}
        return await self._connection.get(f"runs/{segment(run)}/media", MediaPage, params)

    async def artifacts(self, run: Reference, *, root: Root = "artifacts") -> ArtifactPage:
        """Return the files that the run saved, or with ``root="run"`` all files of its folder, by path."""
        return await self._connection.get(f"runs/{segment(run)}/artifacts", ArtifactPage, {"root": root})

    async def artifact(self, run: Reference, path: str, *, root: Root = "artifacts") -> bytes:
        """Return the content of one file; ``download`` takes big ones."""
        url = f"runs/{segment(run)}/artifacts/{artifact_path(path)}"
        answer = await self._connection.answer("GET", url, params={"root": root}, repeat=True)
        return answer.content

    async def preview(self, run: Reference, path: str, *, root: Root = "artifacts", rows: int = 50) -> TablePreview:
        """Return the first ``rows`` rows (up to 500) of a CSV, TSV or Parquet file, each value as a text."""
        params: dict[str, str | int] = {"path": path, "root": root, "rows": rows}
        return await self._connection.get(f"runs/{segment(run)}/preview", TablePreview, params)

    async def download(
        self, run: Reference, path: str, to: str | Path | None = None, *, root: Root = "artifacts"
    ) -> Path:
        """Save one file into the folder ``to`` (default: here) or as the file ``to``; it appears whole or not at all."""
        url = f"runs/{segment(run)}/artifacts/{artifact_path(path)}"
        return await download_to(self._connection, url, {"root": root}, local_path(path, to))

    async def stream(self, run: Reference, *, begin: Literal["start", "end"] = "start") -> Flow[ServerMessage]:
        """Yield log, metrics, progress and media of the run as they come, ``Done`` last; a dropped connection is taken up again."""
        stream = AsyncStream(self._connection, f"runs/{segment(run)}/stream", {"from": begin})
        async with aclosing(stream.messages()) as messages:
            async for message in messages:
                yield message
