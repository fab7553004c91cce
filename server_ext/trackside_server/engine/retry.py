"""Retry: a finished job goes back into the queue, for its next attempt in the same run folder."""

from __future__ import annotations

from collections.abc import Mapping

from trackside.errors import Conflict, InvalidInput
from trackside.models import Job
from trackside_server.domain.record import JobRecord
from trackside_server.engine.core import Core
from trackside_server.engine.index import row_of_job
from trackside_server.store import Tx

__all__ = ["retry"]


async def retry(core: Core, text: str, body: Mapping[str, object]) -> Job:
    """Queue the job again. ``body`` may bring ``environment`` and ``secrets`` anew; secrets are never kept past a start."""
    record = await core.resolve(text)
    if not record.is_terminal:
        raise Conflict(f"{record.id} is {record.status}; only an ended job can be retried.", code="not_ended")
    environment, secrets = _texts(body, "environment"), _texts(body, "secrets") or {}
    missing = [name for name in record.spec.secrets if name not in secrets]
    if missing:
        raise InvalidInput(
            f"The secrets {', '.join(missing)} were erased when the job started.",
            hint="Give them again: job.retry(secrets={…}).",
            code="secrets_needed",
        )

    def again(tx: Tx) -> JobRecord:
        kept = tx.take_secrets(record.id)
        keeps = environment is None and kept is not None
        carried = core.vault.open(kept).environment if keeps and kept is not None else environment
        tx.keep_secrets(record.id, core.vault.seal(carried, secrets))
        queued = tx.update_job(
            record.id,
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

    queued = await core.write(again)
    core.sealed.pop(record.id, None)
    core.settle([queued])
    return core.wire(queued)


def _texts(body: Mapping[str, object], field: str) -> dict[str, str] | None:
    value = body.get(field)
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{field} is not a mapping of names to texts.")
    return {str(key): str(item) for key, item in value.items()}
