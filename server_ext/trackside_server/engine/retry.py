"""Retry: a finished job goes back into the queue, for its next attempt in the same run folder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import cast

from trackside.errors import Conflict, InvalidInput
from trackside.models import Job
from trackside.models.submission import FIELDS
from trackside_server.domain.record import JobRecord
from trackside_server.engine.core import Core
from trackside_server.engine.folder import note_status
from trackside_server.engine.index import row_of_job
from trackside_server.store import Tx

__all__ = ["retry"]


async def retry(core: Core, text: str, body: Mapping[str, object]) -> Job:
    """Queue the job again. ``body`` may bring ``environment`` and ``secrets`` anew; secrets are never kept past a start."""
    environment, secrets = _read(body)
    record = await core.resolve(text)
    queued = await core.write(lambda tx: _queue_again(core, tx, record.id, environment, secrets))
    core.forget_sealed(record.id)
    core.settle([queued])
    await asyncio.to_thread(note_status, queued)
    return core.wire(queued)


def _read(body: Mapping[str, object]) -> tuple[dict[str, str] | None, dict[str, str]]:
    found: dict[str, object] = {}
    for field, value in body.items():
        if field not in {"environment", "secrets"}:
            raise InvalidInput(f"{field!r} cannot change at a retry.", hint="Submit a new job.", code="unknown_field")
        if value is not None:
            found[field] = FIELDS[field](value, field)
    return cast("dict[str, str] | None", found.get("environment")), cast("dict[str, str]", found.get("secrets", {}))


def _queue_again(
    core: Core, tx: Tx, job_id: str, environment: dict[str, str] | None, secrets: dict[str, str]
) -> JobRecord:
    record = tx.job(job_id)
    if record is None or not record.is_terminal:
        stands = "deleted" if record is None else record.status
        raise Conflict(f"{job_id} is {stands}; only an ended job can be retried.", code="not_ended")
    missing = [name for name in record.spec.secrets if name not in secrets]
    if missing:
        raise InvalidInput(
            f"The secrets {', '.join(missing)} were erased when the job started.",
            hint="Give them again: job.retry(secrets={…}).",
            code="secrets_needed",
        )
    kept = tx.take_secrets(job_id)
    carried = core.vault.open(kept).environment if environment is None and kept is not None else environment
    tx.keep_secrets(job_id, core.vault.seal(carried, secrets))
    queued = tx.update_job(
        job_id,
        status="pending",
        reason=None,
        exit_code=None,
        started_at=None,
        finished_at=None,
        cancel_requested=None,
        gpus=(),
        peak_memory=None,
    )
    tx.upsert_run(row_of_job(queued))
    return queued
