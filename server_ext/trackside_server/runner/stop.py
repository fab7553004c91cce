"""A request to stop an attempt: a file that anybody who may write the run folder can leave there."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from trackside.tracking.atomic import write_json
from trackside.tracking.folder import RunFolder

__all__ = ["StopRequest", "read_stop", "write_stop"]


class StopRequest(NamedTuple):
    """Why an attempt shall stop, and how many seconds it gets between TERM and KILL."""

    code: str
    message: str
    grace: float


def write_stop(folder: RunFolder, attempt: int, request: StopRequest) -> None:
    """Leave a request. The first one's reason stands, also when nobody has read it yet; a later one can only shorten the grace."""
    folder.attempts.mkdir(mode=0o700, exist_ok=True)
    path = folder.stop(attempt)
    first = read_stop(path, request.grace) or request
    reason = {"code": first.code, "message": first.message}
    write_json(path, {"reason": reason, "grace": min(first.grace, request.grace)}, indent=None)


def read_stop(path: str | os.PathLike[str], grace: float) -> StopRequest | None:
    """Return the request in this file, None when there is none.

    A file that cannot be read is a request all the same (somebody touched it by hand): a cancel with this grace.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    try:
        content = json.loads(data)
        return StopRequest(
            str(content["reason"]["code"]), str(content["reason"]["message"]), max(0.0, float(content["grace"]))
        )
    except (ValueError, KeyError, TypeError):
        return StopRequest("cancelled_by_user", "cancelled", grace)
