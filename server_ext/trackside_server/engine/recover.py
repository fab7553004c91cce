"""Recover: a server that begins to schedule looks at every unfinished job, and adopts it or closes it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import msgspec

from trackside_server.domain.record import JobRecord, job_seq
from trackside_server.engine import attempts
from trackside_server.engine.core import LOG, Core, utc_now
from trackside_server.engine.folder import discard_folder
from trackside_server.engine.index import row_of_job
from trackside_server.executors.base import Ended, Lost, Running, Starting
from trackside_server.store import Reader, Tx

__all__ = ["recover", "sweep"]


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
    """Remove what submits that were never acknowledged, and deletes that were cut short, left in ``runs/``."""
    runs = core.home / "runs"
    if not runs.exists():
        return
    for entry in list(os.scandir(runs)):
        if entry.name.startswith(".trash-"):
            discard_folder(Path(entry.path))
            continue
        seq = job_seq(entry.name)
        if seq is None or entry.name.isdigit():
            continue
        known = await core.query(partial(_job, seq))
        if known is None and _never_began(Path(entry.path)):
            LOG.info("%s was never acknowledged and is removed", entry.name)
            discard_folder(Path(entry.path))


def _job(seq: int, reader: Reader) -> JobRecord | None:
    return reader.job(seq)


def _never_began(run: Path) -> bool:
    try:
        meta = msgspec.json.decode((run / "meta.json").read_bytes(), type=dict[str, object])
    except (OSError, msgspec.DecodeError):
        meta = {"status": "pending"}
    attempted = any(True for _ in (run / "attempts").glob("*")) if (run / "attempts").exists() else False
    return meta.get("status") == "pending" and not attempted
