"""Reading runs: one, a page of them, their metrics and outputs; changing a name or tags."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from trackside.errors import InvalidInput, NotFound, TryAgain
from trackside.models import Metrics, RunInfo, RunPage
from trackside.models.fields import FIELDS
from trackside.tracking.folder import RunFolder
from trackside_server.domain.query import HasStatus, Query, Tagged, Term, parse
from trackside_server.domain.record import JobRecord, RunRow
from trackside_server.engine.core import Core, utc_now
from trackside_server.engine.facts import look_through
from trackside_server.engine.index import meta_mtime, row_of_folder, with_own_words
from trackside_server.engine.jobs import read_limit, read_statuses
from trackside_server.engine.records import as_record, check_position, read_bytes
from trackside_server.store import Reader, RunsPage, Tx

__all__ = ["folder", "get", "metrics", "metrics_of_many", "outputs", "page", "patch", "read_query", "resolve"]

_MANY = 50
_OUTPUTS_BYTES = 32 * 1024 * 1024


async def resolve(core: Core, text: str) -> RunRow:
    """Return the row of a run, as its folder has it now."""
    await core.refresh_runs()
    row = await core.resolve_run(text)
    if row.is_terminal and row.meta_mtime_ns == meta_mtime(RunFolder(row.run_dir)):
        return row
    fresh = await asyncio.to_thread(_fresh, row)
    if row.is_terminal and fresh != row:  # what was evaluated after its end belongs to it too
        await core.write(lambda tx: tx.run(row.id) == row and tx.upsert_run(fresh))  # not one deleted or retried since
    return fresh


async def get(core: Core, text: str) -> RunInfo:
    """Return the run of this id or name, the newest of that name."""
    return core.wire_run(await resolve(core, text))


async def page(
    core: Core,
    *,
    query: str | None,
    tag: str | None,
    status: str | None,
    limit: int,
    cursor: str | None,
    offset: int = 0,
    total: bool = False,
) -> RunPage:
    """Return runs, newest first, that fit ``query`` (see ``domain/query.py``), have this tag and one of these statuses.

    ``offset`` runs are passed over; with ``total``, all that fit are counted, in the same moment.
    """
    asked, limit = read_query(query, tag, status), read_limit(limit)
    check_position("offset", offset)
    await core.refresh_runs()
    await look_through(core, asked)

    def read(reader: Reader) -> tuple[RunsPage, int | None]:
        page = reader.runs_page(asked, limit=limit, cursor=cursor, offset=offset)
        return page, reader.count_runs(asked) if total else None

    found, fitting = await core.query(read)
    return RunPage([core.wire_run(row) for row in found.runs], found.next, fitting)


def read_query(text: str | None, tag: str | None = None, status: str | None = None) -> Query:
    """Return what a query asks for, with the filters that stand beside it."""
    query = parse(text or "", utc_now())
    if tag:
        query += (Term(Tagged(tag)),)
    if statuses := read_statuses(status):
        query += (Term(HasStatus(tuple(statuses))),)
    return query


async def folder(core: Core, text: str) -> RunFolder:
    """Return the folder of a run."""
    return RunFolder((await resolve(core, text)).run_dir)


async def metrics(
    core: Core,
    text: str,
    *,
    keys: Sequence[str] | None,
    x: str,
    max_points: int,
    since: int,
    between: tuple[float, float] | None = None,
) -> Metrics:
    """Return the run's curves; big files are read off the event loop."""
    row = await resolve(core, text)
    path = RunFolder(row.run_dir).metrics
    return await core.curves.read(path, row.id, keys=keys, x=x, max_points=max_points, since=since, between=between)


async def metrics_of_many(
    core: Core,
    texts: Sequence[str],
    *,
    keys: Sequence[str] | None,
    x: str,
    max_points: int,
    between: tuple[float, float] | None = None,
) -> list[Metrics]:
    """Return the curves of several runs, in their order; all or none."""
    if not 1 <= len(texts) <= _MANY:
        raise InvalidInput(f"{len(texts)} runs cannot be read at once.", hint=f"Name 1 to {_MANY}: ids=job-1,job-2.")
    rows = [await resolve(core, text) for text in texts]

    async def read(row: RunRow) -> Metrics:
        path = RunFolder(row.run_dir).metrics
        return await core.curves.read(path, row.id, keys=keys, x=x, max_points=max_points, between=between)

    return await asyncio.gather(*map(read, rows))


async def outputs(core: Core, text: str) -> list[msgspec.Raw]:
    """Return the records of ``outputs.jsonl``, in order, as written; lines torn or past 32 MB are left out."""
    path = (await folder(core, text)).outputs
    return await asyncio.to_thread(_read_outputs, path)


async def patch(core: Core, text: str, body: Mapping[str, object]) -> RunInfo:
    """Change the name or the tags of a run, in its folder first; of a job's run, those of the job too."""
    fields: dict[str, object] = {}
    for field, value in body.items():
        if field not in {"name", "tags"}:
            raise InvalidInput(f"{field!r} of a run cannot be set.", hint="Send name or tags.", code="unknown_field")
        fields[field] = FIELDS[field](value, field)
    row = await resolve(core, text)
    if fields:
        await asyncio.to_thread(_write_meta, RunFolder(row.run_dir), fields)
    fresh = await asyncio.to_thread(_fresh, row)
    changed = await core.write(lambda tx: _note(tx, fresh))
    core.settle(changed)
    return core.wire_run(fresh)


def _write_meta(folder: RunFolder, fields: Mapping[str, object]) -> None:
    if not folder.meta.exists():
        raise NotFound(f"The folder of {folder.path.name} is gone.", code="run_not_found")
    try:
        folder.update_meta(**fields)
    except TimeoutError as error:
        raise TryAgain(f"Another process is writing {folder.meta}.", hint="Repeat in a moment.") from error


def _note(tx: Tx, row: RunRow) -> list[JobRecord]:
    tx.upsert_run(row)
    if row.job_id is None or tx.job(row.job_id) is None:
        return []
    return [tx.update_job(row.job_id, name=row.name if row.name != row.job_id else None, tags=row.tags)]


def _fresh(row: RunRow) -> RunRow:
    if row.job_id is not None:
        return with_own_words(row)
    found = row_of_folder(RunFolder(row.run_dir))
    if found is None:
        return row
    stands = found.is_terminal == row.is_terminal  # at its end, what was known of its metrics is not all any more
    return msgspec.structs.replace(found, metrics=row.metrics if stands else {})


def _read_outputs(path: Path) -> list[msgspec.Raw]:
    lines = read_bytes(path, 0, _OUTPUTS_BYTES).split(b"\n")
    return [record for record in map(as_record, lines) if record is not None]
