"""Opaque places in a list that stay valid while rows are added."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated

import msgspec

from trackside.errors import InvalidInput

__all__ = ["after_job", "after_place", "after_run", "read_job", "read_place", "read_run"]


_Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]  # what a database can compare with


class _Job(msgspec.Struct, frozen=True, array_like=True, tag="job"):
    seq: _Integer


class _Run(msgspec.Struct, frozen=True, array_like=True, tag="run"):
    created_at: _Integer
    id: str


class _Place(msgspec.Struct, frozen=True, array_like=True, tag="place"):
    priority: _Integer
    seq: _Integer


def after_job(seq: int) -> str:
    """Return the cursor of the jobs older than this one."""
    return _write(_Job(seq))


def after_run(created_at: int, run_id: str) -> str:
    """Return the cursor of the runs that stand after this one."""
    return _write(_Run(created_at, run_id))


def after_place(priority: int, seq: int) -> str:
    """Return the cursor of the jobs that wait behind this one."""
    return _write(_Place(priority, seq))


def read_place(cursor: str) -> tuple[int, int]:
    """Return priority and number of the waiting job after which to go on."""
    place = _read(cursor)
    if not isinstance(place, _Place):
        raise _unreadable(cursor)
    return place.priority, place.seq


def read_job(cursor: str) -> int:
    """Return the number of the job before which to go on."""
    place = _read(cursor)
    if not isinstance(place, _Job):
        raise _unreadable(cursor)
    return place.seq


def read_run(cursor: str) -> tuple[int, str]:
    """Return time and id of the run after which to go on."""
    place = _read(cursor)
    if not isinstance(place, _Run):
        raise _unreadable(cursor)
    return place.created_at, place.id


def _write(place: _Job | _Run | _Place) -> str:
    return urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def _read(cursor: str) -> _Job | _Run | _Place:
    try:
        return msgspec.json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=_Job | _Run | _Place)
    except (ValueError, msgspec.MsgspecError):
        raise _unreadable(cursor) from None


def _unreadable(cursor: str) -> InvalidInput:
    return InvalidInput(
        f"cursor: {cursor!r} is not one that this list gave.", hint="Begin again without a cursor.", code="bad_cursor"
    )
