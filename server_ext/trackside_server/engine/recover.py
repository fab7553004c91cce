"""Recover: a server that begins to schedule looks at every unfinished job, and adopts it or closes it."""

from __future__ import annotations

import asyncio
import math
import os
import time
from pathlib import Path

import msgspec

from trackside.models import WAITING, JobChanged
from trackside.tracking.folder import RunFolder
from trackside_server.domain.record import JobRecord, job_seq
from trackside_server.engine import attempts
from trackside_server.engine.core import LOG, Core
from trackside_server.engine.folder import discard_folder
from trackside_server.engine.noted import note

__all__ = ["recover", "sweep"]

_GRACE = 600.0
"""Seconds that a run folder without a job is left alone: its submission may be under way, also at another server."""
_LAST_CHANGES = 100
"""Events before the end of the last server that are looked at once more."""
_STAGED_FOR = 7 * 86400.0
"""Seconds that values carried in wait for their submission."""


async def recover(core: Core) -> None:
    """Adopt what runs, close what ended meanwhile, see to what was asked to stop."""
    records = core.board.records()
    untouched = await asyncio.to_thread(_untouched, records)
    for record in records:
        if record.id in untouched:
            continue
        try:
            await _recover_one(core, record)
        except Exception:  # noqa: BLE001  # one job that cannot be recovered must not keep the others from it
            LOG.exception("%s could not be recovered; it is looked at again later", record.id)
    await _note_last_changes(core)


def _untouched(records: list[JobRecord]) -> set[str]:
    """Return the waiting jobs with which nothing can have happened: thousands of them must not be looked at one by one."""
    return {
        record.id
        for record in records
        if record.status in WAITING
        and record.cancel_requested is None
        and not RunFolder(record.run_dir).attempt(record.attempt + 1).exists()
    }


async def _note_last_changes(core: Core) -> None:
    """Write into ``meta.json`` what the last server kept in the store, and perhaps died before it could write there."""
    since = max(0, core.store.last_event_id() - _LAST_CHANGES)
    events = await core.query(lambda reader: reader.events_since(since, _LAST_CHANGES))
    ids = {event.job.id for event in events if isinstance(event, JobChanged)}
    records = await core.query(lambda reader: [reader.job(job_id) for job_id in ids])
    for record in records:
        if record is not None and record.status != "running":  # of one that runs its runner knows more
            await note(core, record)


async def _recover_one(core: Core, record: JobRecord) -> None:
    if record.status in WAITING:
        await attempts.adopt_unnoticed(core, record)
    else:
        await attempts.look(core, attempts.ref_of(record))
    if record.cancel_requested is not None and core.board.get(record.id) is not None:
        core.cancel_soon(record)


async def sweep(core: Core, alone_since: float | None = None) -> None:
    """Remove what submits that were never acknowledged, and deletes that were cut short, left in the home.

    ``alone_since``: nobody else has taken submissions since then, so that what is older is nobody's.
    """
    old = time.time() - _GRACE if alone_since is None else alone_since
    unfinished = frozenset(record.id for record in core.board.records())
    suspects = await asyncio.to_thread(_leftovers, core.home, unfinished, old)
    known = await core.query(lambda reader: {name for name in suspects if reader.job(name) is not None})
    await asyncio.to_thread(_remove, core.home / "runs", suspects - known)


def _leftovers(home: Path, unfinished: frozenset[str], old: float) -> set[str]:
    """Clear what is certainly of no use; return the run folders of jobs that never began, old enough to be nobody's."""
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
