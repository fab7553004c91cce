"""How far a run is, and when it will be through at this pace."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

__all__ = ["Progress", "parse_progress"]


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Step ``i`` of ``total`` (None: unknown), at ``rate`` steps per second since the loop began.

    ``part`` (0 to 1) of the step under way is done too, as loops within it tell; ``label`` is what is counted; ``at``
    is when this was so.
    """

    i: float
    total: float | None = None
    rate: float | None = None
    label: str = ""
    part: float = 0.0
    at: datetime | None = None

    @property
    def seconds_left(self) -> float | None:
        """The seconds from ``at`` to the end at this pace, None where that cannot be known."""
        if not self.rate or self.total is None or self.i >= self.total:
            return None
        return max(0.0, self.total - self.i - self.part) / self.rate


class _Line(Progress, frozen=True, kw_only=True, rename={"at": "_timestamp"}):
    """A record of ``progress.jsonl``."""

    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


_decoder = msgspec.json.Decoder(_Line)


def parse_progress(line: bytes) -> Progress | None:
    """Return one line of ``progress.jsonl``; None for one that is torn."""
    try:
        found = _decoder.decode(line)
    except (ValueError, RecursionError):
        return None
    return Progress(**msgspec.structs.asdict(found))
