"""Keeps ``meta.json`` saying what the store says, whoever writes it when."""

from __future__ import annotations

import asyncio

from trackside_server.domain.record import JobRecord
from trackside_server.engine.core import Core
from trackside_server.engine.folder import note_status

__all__ = ["note"]


async def note(core: Core, record: JobRecord) -> None:
    """Write where a job stands; what another wrote of a later moment meanwhile, here or on another server, is put back."""
    job_id = record.id
    while await asyncio.to_thread(note_status, record):
        now = await core.query(lambda reader: reader.job(job_id))
        if now is None or now.status == record.status:
            return
        record = now
