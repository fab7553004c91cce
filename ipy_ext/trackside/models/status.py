"""The words for where a job stands."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

__all__ = ["FINAL", "STATUSES", "WAITING", "Reason", "Status"]

Status = Literal["scheduled", "pending", "running", "completed", "failed", "cancelled"]
STATUSES: tuple[Status, ...] = get_args(Status)
FINAL: frozenset[Status] = frozenset({"completed", "failed", "cancelled"})
WAITING: frozenset[Status] = frozenset({"scheduled", "pending"})


class Reason(msgspec.Struct, frozen=True):
    """Why a job ended as it did: ``code`` is stable, ``message`` is a sentence."""

    code: str
    message: str
