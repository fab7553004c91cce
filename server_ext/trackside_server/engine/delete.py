"""Delete: a finished job, or a finished run, with its folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

from trackside.errors import Conflict
from trackside_server.domain.naming import ended
from trackside_server.engine.core import Core
from trackside_server.engine.folder import discard_folder
from trackside_server.store import Tx

__all__ = ["delete", "delete_run"]


async def delete(core: Core, text: str) -> None:
    """Forget a finished job and remove its run folder; its number does not come back.

    One that others wait for stays until they have ended: they could not say any more why they do not start.
    """
    record = await core.resolve(text, ended)
    waiting = core.board.dependents(record.id)
    if waiting:
        raise Conflict(
            f"{', '.join(waiting[:5])} {'waits' if len(waiting) == 1 else 'wait'} for {record.id}.",
            hint="Cancel what waits for it first.",
            code="awaited",
        )
    await core.write(lambda tx: _forget(tx, record.id))
    await asyncio.to_thread(discard_folder, Path(record.run_dir))


def _forget(tx: Tx, job_id: str) -> None:
    record = tx.job(job_id)
    if record is not None and not record.is_terminal:
        raise Conflict(f"{job_id} is {record.status}.", hint="Cancel it first.", code="not_ended")
    tx.delete_job(job_id)


async def delete_run(core: Core, text: str) -> None:
    """Forget a finished run and remove its folder; the run of a job goes with the job."""
    row = await core.resolve_run(text, ended)
    if row.job_id is not None:
        await delete(core, row.job_id)
        return
    if not row.is_terminal:
        raise Conflict(f"{row.id} still goes on.", hint="Finish it first.", code="not_ended")
    await core.write(lambda tx: tx.delete_run(row.id))
    await asyncio.to_thread(discard_folder, Path(row.run_dir))
