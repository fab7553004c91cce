"""The queue of a home as a whole."""

from __future__ import annotations

from datetime import datetime

import msgspec

__all__ = ["Queue"]


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """Whether waiting jobs may start, and how many with a tag may run at once. ``since`` and ``by`` are of the pause."""

    paused: bool = False
    since: datetime | None = None
    by: str = ""
    tag_limits: dict[str, int] = {}

    @property
    def sentence(self) -> str:
        """Since when it is paused, by whom, and how it goes on; empty while it is not."""
        if not self.paused:
            return ""
        since = f" since {self.since.astimezone():%H:%M}" if self.since else ""
        by = f" by {self.by}" if self.by else ""
        return f"the queue is paused{since}{by}; resume it with `trackside resume`"
