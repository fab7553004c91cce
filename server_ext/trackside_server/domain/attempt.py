"""What the runner writes about one attempt: the content of ``attempts/N.json``."""

from __future__ import annotations

import json
from datetime import datetime

import msgspec

from trackside.errors import InternalError
from trackside.models import Limit, Reason, Status
from trackside.probes.process import ProcessId

__all__ = ["FORMAT", "AttemptRecord", "Exit", "parse_attempt"]

FORMAT = 1


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended. ``exit_code`` is as ``subprocess`` gives it, None where it cannot be known."""

    status: Status
    reason: Reason | None = None
    exit_code: int | None = None
    finished_at: datetime
    duration_seconds: float | None = None
    peak_memory: int | None = None
    """Bytes, the highest seen for the whole process tree."""


class AttemptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt as its runner knows it; ``process`` is None until the user's process runs, ``exit`` until it is over.

    ``template`` is the process that takes over when the runner is killed.
    """

    format: int = FORMAT
    attempt: int
    runner: ProcessId
    template: ProcessId | None = None
    process: ProcessId | None = None
    gpus: list[str] = []
    limits: list[Limit] = []
    cost_per_hour: float | None = None
    """By the site's prices as it began; None where there was none for it."""
    started_at: datetime | None = None
    log_offset: int = 0
    """Where its output begins in ``output.log``, which all attempts share."""
    exit: Exit | None = None


def parse_attempt(data: bytes) -> AttemptRecord:
    """Return the record in these bytes of ``attempts/N.json``; keys of a newer version are passed over.

    Raises InternalError when they are not such a record: the file is written in one step, so no half of it is ever seen.
    """
    try:
        return msgspec.json.decode(_whole(data), type=AttemptRecord)
    except (msgspec.DecodeError, ValueError) as error:
        raise InternalError(f"The record of an attempt cannot be read: {error}.") from error


def _whole(data: bytes) -> bytes:
    """Return JSON without halves of characters, which stand in records of earlier versions and no strict reader takes."""
    if b"\\ud" not in data:
        return data
    return json.dumps(json.loads(data), ensure_ascii=False).encode("utf-8", "replace")
