"""What keeps a home in order: which runs go, and what a look around found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from trackside.errors import InvalidInput, near
from trackside.models.status import FINAL, Status
from trackside.models.units import parse_duration, parse_size, shortened

__all__ = ["KEEP_TAG", "Diagnosis", "Finding", "Pruned", "PrunedRun", "Retention", "parse_retention"]

KEEP_TAG = "keep"
"""A run with this tag is never pruned."""
_NAMES = ("older_than", "keep", "max_size", "status", "tag", "dry_run")


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """Which finished runs may go. ``older_than`` is in seconds since their end, ``max_size`` in bytes for all runs.

    The newest ``keep`` of those with this ``status`` and ``tag`` stay, whatever else is asked. With ``dry_run``
    nothing is deleted.
    """

    older_than: float | None = None
    keep: int | None = None
    max_size: int | None = None
    status: list[str] = []
    tag: str | None = None
    dry_run: bool = True


class PrunedRun(msgspec.Struct, frozen=True):
    """One run that goes or went; ``size`` is the room that it takes on the disk, in bytes."""

    id: str
    name: str
    status: Status
    finished_at: datetime | None
    size: int


class Pruned(msgspec.Struct, frozen=True):
    """What a pruning deleted or, with ``dry_run``, would delete; ``freed`` bytes of ``total`` that all runs take.

    ``total`` is None where nobody asked how much all of them take.
    """

    runs: list[PrunedRun]
    freed: int
    dry_run: bool
    total: int | None = None


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at: ``problem`` must be mended, ``note`` is worth knowing. ``fix`` is what to do."""

    level: Literal["ok", "note", "problem"]
    name: str
    message: str
    fix: str = ""


class Diagnosis(msgspec.Struct, frozen=True):
    """Everything that a look around found, in the order in which it is read."""

    findings: list[Finding]


def parse_retention(raw: Mapping[str, object]) -> Retention:
    """Return the retention that these JSON fields describe; sizes and times as people write them.

    Raises ``InvalidInput`` naming the field, and where nothing says which runs may go.
    """
    for field in raw:
        if field not in _NAMES:
            raise InvalidInput(
                f"{shortened(field)} is no rule for pruning.",
                hint=near(field[:64], _NAMES) or f"Known: {', '.join(_NAMES)}.",
                code="unknown_field",
            )
    given = {field: value for field, value in raw.items() if value is not None and value != []}
    if not given.keys() - {"dry_run"}:
        raise InvalidInput(
            "Nothing says which runs may go.",
            hint="Give older_than='30d', keep=100, max_size='50G', status='failed' or tag='try'.",
            code="no_criterion",
        )
    fields = {field: _READERS[field](value, field) for field, value in given.items()}
    return msgspec.convert(fields, Retention)


def _age(value: object, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise InvalidInput(f"{field}: {shortened(value)} is not a length of time.", hint="Write '30d'.")
    return 0.0 if value == 0 else parse_duration(value, field=field)


def _count(value: object, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise InvalidInput(f"{field}: {shortened(value)} is not a number of runs.", hint="Write 100.")
    return value


def _room(value: object, field: str) -> int:
    return parse_size(value, field=field) if isinstance(value, str) else _count(value, field)


def _statuses(value: object, field: str) -> list[str]:
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise InvalidInput(f"{field}: {shortened(value)} is no status.", hint="Write 'failed,cancelled'.")
    found = [word.strip() for word in words if word.strip()]
    for word in found:
        if word not in FINAL:
            known = ", ".join(sorted(FINAL))
            raise InvalidInput(f"{field}: {shortened(word)} is no status of a finished run.", hint=f"Known: {known}.")
    return found


def _tag(value: object, field: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"{field}: {shortened(value)} is no tag.")
    return value.strip()


def _yes_or_no(value: object, field: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(f"{field}: {shortened(value)} is neither true nor false.")
    return value


_READERS = {
    "older_than": _age,
    "keep": _count,
    "max_size": _room,
    "status": _statuses,
    "tag": _tag,
    "dry_run": _yes_or_no,
}
