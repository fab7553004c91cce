"""A text, kept as UTF-8; its beginning stands in the record too, so that a list can show it."""

from __future__ import annotations

from trackside.errors import NotLoggable
from trackside.tracking.media.content import Content, kind_of, within

__all__ = ["text"]

_LARGEST = 4 << 20
_EXCERPT = 2000


def text(key: str, value: object) -> Content:
    """Return a text as it is kept. Raises NotLoggable for what is no ``str``, or larger than 4 MB."""
    if not isinstance(value, str):
        raise NotLoggable(f"{key!r}: a {kind_of(value)} is not a text.", hint="Log str(value).")
    data = within(key, value.encode("utf-8", "backslashreplace"), _LARGEST, "Log a part of it.")
    return Content("text", "txt", data, {"length": len(value), "excerpt": value[:_EXCERPT]})
