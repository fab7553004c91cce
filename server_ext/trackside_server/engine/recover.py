"""Recover: a server that begins to schedule looks at every unfinished job, and adopts it or closes it."""

from __future__ import annotations

import asyncio
import math
import os
import time
from pathlib import Path

import msgspec

from trackside_server.domain.record import JobRecord, job_seq
from trackside_server.engine import attempts
from trackside_server.engine.core import LOG, Core, utc_now
from trackside_server.engine.folder import discard_folder
from trackside_server.engine.index import row_of_job
from trackside_server.executors.base import Ended, Lost, Running, Starting
from trackside_server.store import Tx

__all__ = ["recover", "sweep"]

_GRACE = 600.0
"""Seconds that a run folder without a job is left alone: its submission may be under way, also at another server."""
_STAGED_FOR = 7 * 86400.0
"""Seconds that values carried in wait for their submission."""


async def recover(core: Core) -> None:
    """Adopt what runs, close what ended meanwhile, see to what was asked to stop."""
    for record in core.board.records():
        try:
            await _recover_one(core, record)
        except Exception:  # noqa: BLE001  # one job that cannot be recovered must not keep the others from it
            LOG.exception("%s could not be recovered; it is looked at again later", record.id)


async def _recover_one(core: Core, record: JobRecord) -> None:
    if record.status == "pending":
        begun = await _begun_unnoticed(core, record)
        if begun is None:
            if record.cancel_requested is not None:
                core.cancel_soon(record)
            return
        record = begun
    if record.status == "running":
        await attempts.look(core, attempts.ref_of(record))
        if record.cancel_requested is not None and core.board.get(record.id) is not None:
            core.cancel_soon(record)


async def _begun_unnoticed(core: Core, record: JobRecord) -> JobRecord | None:
    """A job whose runner had it already when the last server died before it could write that down."""
    attempt = record.attempt + 1
    seen = core.executors[record.executor].look(attempts.ref_of(record, attempt))
    if not isinstance(seen, (Running, Ended, Lost, Starting)):
        return None
    started_at = seen.record.started_at if isinstance(seen, (Running, Ended)) else None

    def note(tx: Tx) -> JobRecord:
        begun = tx.update_job(record.id, status="running", attempt=attempt, started_at=started_at or utc_now())
        tx.upsert_run(row_of_job(begun))
        return begun

    begun = await core.write(note)
    core.settle([begun])
    return begun


async def sweep(core: Core) -> None:
    """Remove what submits that were never acknowledged, and deletes that were cut short, left in the home."""
    suspects = await asyncio.to_thread(_leftovers, core.home, frozenset(record.id for record in core.board.records()))
    known = await core.query(lambda reader: {name for name in suspects if reader.job(name) is not None})
    await asyncio.to_thread(_remove, core.home / "runs", suspects - known)


def _leftovers(home: Path, unfinished: frozenset[str]) -> set[str]:
    """Clear what is certainly of no use; return the run folders of jobs that never began, old enough to be nobody's."""
    old = time.time() - _GRACE
    for entry in _entries(home / "staging"):
        if _changed(entry) < time.time() - _STAGED_FOR:
            discard_folder(Path(entry.path))
    suspects = set()
    for entry in _entries(home / "runs"):
        if entry.name.startswith(".trash-"):
            discard_folder(Path(entry.path))
        elif (
            entry.name not in unfinished
            and job_seq(entry.name) is not None
            and not entry.name.isdigit()
            and _changed(entry) < old
            and _never_began(Path(entry.path))
        ):
            suspects.add(entry.name)
    return suspects


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return list(os.scandir(folder))
    except OSError:
        return []


def _changed(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except OSError:
        return math.inf


def _remove(runs: Path, names: set[str]) -> None:
    for name in names:
        LOG.info("%s was never acknowledged and is removed", name)
        discard_folder(runs / name)


def _never_began(run: Path) -> bool:
    try:
        meta = msgspec.json.decode((run / "meta.json").read_bytes(), type=dict[str, object])
    except (OSError, msgspec.DecodeError):
        meta = {"status": "pending"}
    attempted = any(True for _ in (run / "attempts").glob("*")) if (run / "attempts").exists() else False
    return meta.get("status") == "pending" and not attempted
