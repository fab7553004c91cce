"""Lines found in a log."""

from __future__ import annotations

import msgspec

__all__ = ["LogMatch", "LogMatches"]


class LogMatch(msgspec.Struct, frozen=True):
    """A line that holds what was looked for.

    ``offset`` is the byte at which ``line`` begins, ``at`` the byte of its last match. Of a very long line it is the part
    around the match.
    """

    offset: int
    at: int
    line: str


class LogMatches(msgspec.Struct, frozen=True):
    """Lines found, the last one first; ``next`` goes into ``before`` to look further back, None: all was looked at."""

    matches: list[LogMatch]
    next: int | None
    size: int
    """Bytes of the log when it was looked at."""
