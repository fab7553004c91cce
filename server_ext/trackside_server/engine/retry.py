"""Retry: a finished job goes back into the queue, for its next attempt in the same run folder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import msgspec

from trackside.errors import Conflict, InvalidInput
from trackside.models import Job, JobSpec
from trackside.models.fields import FIELDS
from trackside_server.domain.cost import check_cost
from trackside_server.domain.gpus import Machine
from trackside_server.domain.naming import ended
from trackside_server.domain.record import JobRecord
from trackside_server.domain.requests import check_request
from trackside_server.engine.core import Core, utc_now
from trackside_server.engine.folder import note_spec
from trackside_server.engine.index import row_of_job
from trackside_server.engine.noted import note
from trackside_server.engine.submit import limits_of
from trackside_server.store import Tx

__all__ = ["retry"]


_RESOURCES = ("gpus", "gpu_memory", "cpus", "cores", "memory", "time", "priority")


@dataclass(frozen=True)
class _Asked:
    """What a retry brings anew: ``changes`` are fields of the spec."""

    environment: dict[str, str] | None
    secrets: dict[str, str]
    changes: dict[str, object]


async def retry(core: Core, text: str, body: Mapping[str, object]) -> Job:
    """Queue the job again.

    ``body`` may bring ``environment`` and ``secrets`` anew (secrets are never kept past the last start), and other
    resources: they hold from this attempt on, in ``job.json`` too; ``attempts/N.json`` keep what each attempt had. One
    that is held because the store was built anew waits for its time, should that not have come.
    """
    asked = _read(body)
    record = await core.resolve(text, ended)
    core.seen_machine = machine = await core.machine.machine(core.board)
    queued = await core.write(lambda tx: _queue_again(core, tx, record.id, asked, machine))
    core.forget_sealed(record.id)
    core.settle([queued])
    await note(core, queued)
    if asked.changes:
        await asyncio.to_thread(note_spec, queued, core.home_id)
    return core.wire(queued)


def _read(body: Mapping[str, object]) -> _Asked:
    found: dict[str, object] = {}
    for field, value in body.items():
        if field not in {"environment", "secrets", *_RESOURCES}:
            raise InvalidInput(
                f"{field!r} cannot change at a retry.",
                hint=f"Submit a new job, or change {', '.join(_RESOURCES)}.",
                code="unknown_field",
            )
        if value is not None:
            found[field] = FIELDS[field](value, field)
    environment = cast("dict[str, str] | None", found.pop("environment", None))
    return _Asked(environment, cast("dict[str, str]", found.pop("secrets", {})), found)


def _queue_again(core: Core, tx: Tx, job_id: str, asked: _Asked, machine: Machine) -> JobRecord:
    record = tx.job(job_id)
    if record is None or not (record.is_terminal or record.held):
        stands = "deleted" if record is None else record.status
        raise Conflict(f"{job_id} is {stands}; only an ended job can be retried.", code="not_ended")
    spec = msgspec.convert({**msgspec.structs.asdict(record.spec), **asked.changes}, JobSpec, strict=True)
    check_request(spec, machine)
    check_cost(spec, machine.gpus, core.settings.prices, core.settings.currency)
    _keep_values(core, tx, record, asked)
    later = spec.at if record.held and spec.at is not None and spec.at > utc_now() else None
    queued = tx.update_job(
        job_id,
        status="pending" if later is None else "scheduled",
        held="",
        reason=None,
        exit_code=None,
        started_at=None,
        finished_at=None,
        cancel_requested=None,
        gpus=(),
        limits=tuple(limits_of(core, spec)),
        peak_memory=None,
        not_before=later,
        retried=0,
        last_end=None,
        priority=spec.priority,
        spec=spec,
    )
    tx.upsert_run(row_of_job(queued))
    return queued


def _keep_values(core: Core, tx: Tx, record: JobRecord, asked: _Asked) -> None:
    """Keep environment and secrets for the next attempt."""
    secrets = asked.secrets
    unknown = [name for name in secrets if name not in record.spec.secrets]
    if unknown:
        raise InvalidInput(f"{record.id} has no secret {unknown[0]}.", hint="Submit a new job.", code="unknown_secret")
    missing = [name for name in record.spec.secrets if name not in secrets]
    if missing:
        raise InvalidInput(
            f"The secrets {', '.join(missing)} were erased when the job started.",
            hint="Give them again: job.retry(secrets={…}).",
            code="secrets_needed",
        )
    kept = tx.take_secrets(record.id)
    carried = core.vault.open(kept).environment if asked.environment is None and kept is not None else asked.environment
    if carried is not None:
        carried = {name: value for name, value in carried.items() if name not in secrets}
    tx.keep_secrets(record.id, core.vault.seal(carried, secrets))
