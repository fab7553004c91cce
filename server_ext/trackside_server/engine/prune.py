"""Prune: finished runs that a retention lets go, with their folders, a few at a time so that others need not wait."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from trackside.models.housekeeping import KEEP_TAG, Pruned, PrunedRun, parse_retention
from trackside_server.domain.record import RunRow
from trackside_server.domain.retention import needed_by, to_prune
from trackside_server.engine.core import Core, utc_now
from trackside_server.engine.folder import discard_folder
from trackside_server.store import Reader, Tx

__all__ = ["prune", "room_of"]

_AT_ONCE = 20
_PAGE = 500


async def prune(core: Core, body: Mapping[str, object]) -> Pruned:
    """Delete the runs that a retention lets go, or only say which; may be repeated, and run twice at once."""
    rule = parse_retention(body)
    await core.refresh_runs()
    runs = await core.query(_every_run)
    sizes = await asyncio.to_thread(_rooms, runs) if rule.max_size is not None else None
    going = to_prune(runs, rule, utc_now(), needed=needed_by(core.board.records()), sizes=sizes)
    rooms = sizes if sizes is not None else await asyncio.to_thread(_rooms, going)
    gone = going if rule.dry_run else await _delete(core, going)
    pruned = [PrunedRun(row.id, row.name, row.status, row.finished_at, rooms.get(row.id, 0)) for row in gone]
    total = None if sizes is None else sum(sizes.values())
    return Pruned(pruned, sum(run.size for run in pruned), rule.dry_run, total)


def _every_run(reader: Reader) -> list[RunRow]:
    found: list[RunRow] = []
    cursor: str | None = None
    while True:
        page = reader.runs_page(limit=_PAGE, cursor=cursor)
        found += page.runs
        cursor = page.next
        if cursor is None:
            return found


async def _delete(core: Core, going: Sequence[RunRow]) -> list[RunRow]:
    """Delete a few runs per transaction; those that began again or went meanwhile are passed over."""
    gone: list[RunRow] = []
    for first in range(0, len(going), _AT_ONCE):
        batch = going[first : first + _AT_ONCE]
        needed = needed_by(core.board.records())
        deleted = await core.write(partial(_forget_some, batch, needed))
        await asyncio.to_thread(_discard, deleted)
        gone += deleted
    return gone


def _forget_some(rows: Sequence[RunRow], needed: set[str], tx: Tx) -> list[RunRow]:
    return [row for row in rows if _forget(tx, row, needed)]


def _forget(tx: Tx, row: RunRow, needed: set[str]) -> bool:
    """Forget a run that may still go; whether there was one."""
    if row.id in needed or row.name in needed:
        return False
    if row.job_id is not None:
        record = tx.job(row.job_id)
        if record is None or not record.is_terminal or KEEP_TAG in record.tags:
            return False
        tx.delete_job(record.id)
        return True
    now = tx.run(row.id)
    if now is None or not now.is_terminal or KEEP_TAG in now.tags:
        return False
    tx.delete_run(row.id)
    return True


def _discard(rows: Sequence[RunRow]) -> None:
    for row in rows:
        discard_folder(Path(row.run_dir))


def _rooms(rows: Sequence[RunRow]) -> dict[str, int]:
    return {row.id: room_of(row.run_dir) for row in rows}


def room_of(folder: str) -> int:
    """Return the bytes that a folder takes on the disk: what is allocated, not what the files say."""
    room = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                room += entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    room += room_of(entry.path)
    except OSError:  # it goes meanwhile
        pass
    return room
