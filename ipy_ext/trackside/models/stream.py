"""The messages of the live stream, the same through both doors.

WebSocket (``GET ws``): the window sends ``Subscribe`` and ``Unsubscribe``; each message of the server carries the
subscription's ``sub``. SSE: the event name is the message's ``type``, the data the same JSON, ``sub`` empty, and the
SSE ``id`` is ``next``. Every position can be resumed exactly: send ``next`` back as ``since``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from trackside.models.event import Event
from trackside.models.media import MediaRecord
from trackside.models.status import Reason, Status
from trackside.models.system import SystemSample

__all__ = [
    "ClientMessage",
    "Done",
    "EventMessage",
    "LogChunk",
    "MediaChunk",
    "MetricsChunk",
    "ProgressMessage",
    "ServerMessage",
    "StreamError",
    "Subscribe",
    "Subscribed",
    "SystemMessage",
    "Truncated",
    "Unsubscribe",
]

Channel = Literal["events", "log", "media", "metrics", "system"]


class Subscribe(msgspec.Struct, frozen=True, tag_field="op", tag="subscribe", omit_defaults=True):
    """Begin a subscription. ``run`` is needed for ``log``, ``metrics`` and ``media``.

    ``since``: event id or byte offset to go on from (None: events from now, all others from the start);
    ``tail``: begin a log that many lines before its end; ``interval``: seconds between system samples,
    ``details``: with all disks, the network and the busiest processes.
    """

    sub: str
    channel: Channel
    run: str | None = None
    since: int | None = None
    tail: int | None = None
    interval: float = 2.0
    details: bool = False


class Unsubscribe(msgspec.Struct, frozen=True, tag_field="op", tag="unsubscribe"):
    """End a subscription."""

    sub: str


ClientMessage = Subscribe | Unsubscribe


class Subscribed(msgspec.Struct, frozen=True, tag_field="type", tag="subscribed"):
    """The subscription stands; ``next`` is the position that it begins at."""

    sub: str
    next: int = 0


class EventMessage(msgspec.Struct, frozen=True, tag_field="type", tag="event"):
    """One event; ``next`` is its id."""

    sub: str
    next: int
    event: Event


class LogChunk(msgspec.Struct, frozen=True, tag_field="type", tag="log"):
    """Bytes ``offset`` to ``next`` of ``output.log`` as text (UTF-8 with replacement, never split inside a character)."""

    sub: str
    offset: int
    next: int
    text: str


class Truncated(msgspec.Struct, frozen=True, tag_field="type", tag="truncated"):
    """The file became shorter than the position; reading goes on from 0."""

    sub: str
    next: int = 0


class MetricsChunk(msgspec.Struct, frozen=True, tag_field="type", tag="metrics"):
    """Whole records of ``metrics.jsonl`` up to byte ``next``, each as written."""

    sub: str
    offset: int
    next: int
    records: list[msgspec.Raw]


class MediaChunk(msgspec.Struct, frozen=True, tag_field="type", tag="media"):
    """Whole records of ``media.jsonl`` up to byte ``next``; their files are there."""

    sub: str
    offset: int
    next: int
    records: list[MediaRecord]


class ProgressMessage(msgspec.Struct, frozen=True, tag_field="type", tag="progress"):
    """How far the run is, in the words of ``Progress``; part of ``metrics``."""

    sub: str
    i: float
    total: float | None = None
    rate: float | None = None
    label: str = ""
    part: float = 0.0
    at: datetime | None = None


class SystemMessage(msgspec.Struct, frozen=True, tag_field="type", tag="system"):
    """The machine now."""

    sub: str
    system: SystemSample


class Done(msgspec.Struct, frozen=True, tag_field="type", tag="done"):
    """The run is over and all of it was sent; the last message of a log, metrics or media subscription."""

    sub: str
    next: int
    status: Status
    reason: Reason | None = None


class StreamError(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    """The subscription could not begin or had to end."""

    sub: str
    code: str
    message: str
    hint: str = ""


ServerMessage = (
    Subscribed
    | EventMessage
    | LogChunk
    | Truncated
    | MetricsChunk
    | ProgressMessage
    | MediaChunk
    | SystemMessage
    | Done
    | StreamError
)
