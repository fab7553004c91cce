"""Media of a run as the server answers them: the records of ``media.jsonl``, and what there is of each key."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["MediaKey", "MediaKind", "MediaPage", "MediaRecord"]

MediaKind = Literal["image", "figure", "table", "text", "histogram"]


class MediaRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"timestamp": "_timestamp"}):
    """One piece of media; ``path`` is its file below ``artifacts/``, ``size`` in bytes. What its kind has not is None.

    An image or figure has ``width`` and ``height`` in pixels; a table the number of ``rows`` and ``columns``, the
    ``names`` of the first columns and the first rows in ``head``; a text its ``length`` in characters and its
    beginning, ``excerpt``; a histogram ``counts`` between ``low`` and ``high``, and its ``edges`` where they are not
    evenly spread.
    """

    timestamp: str = ""
    step: float | None = None
    key: str
    kind: MediaKind
    path: str
    format: str = ""
    size: int = 0
    caption: str | None = None
    width: int | None = None
    height: int | None = None
    rows: int | None = None
    columns: int | None = None
    names: list[str] | None = None
    head: list[list[object]] | None = None
    length: int | None = None
    excerpt: str | None = None
    bins: int | None = None
    counts: list[float] | None = None
    low: float | None = None
    high: float | None = None
    edges: list[float] | None = None
    count: float | None = None
    nan: int | None = None
    infinite: int | None = None
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    std: float | None = None


class MediaKey(msgspec.Struct, frozen=True):
    """How many pieces of one kind there are under one key."""

    key: str
    kind: MediaKind
    count: int


class MediaPage(msgspec.Struct, frozen=True):
    """Media, newest first; ``next`` is the cursor of the following page, None on the last one.

    ``keys`` are all that match, in the order in which they first came, whatever page this is. ``position`` is the byte
    offset in ``media.jsonl`` from which a subscription goes on.
    """

    media: list[MediaRecord]
    next: str | None = None
    keys: list[MediaKey] = []
    position: int = 0
