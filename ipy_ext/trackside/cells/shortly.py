"""Any value in one short line."""

from __future__ import annotations

import reprlib

__all__ = ["short_repr"]

_MOST = 200


class _Short(reprlib.Repr):
    def repr_instance(self, x: object, level: int) -> str:
        try:
            return " ".join(repr(x).split())
        except Exception:  # noqa: BLE001 (a __repr__ of the user's)
            return f"<{type(x).__name__}>"


def short_repr(value: object) -> str:
    """Return its repr, of at most 200 characters; a failing ``__repr__`` is a type's name."""
    shortener = _Short()
    shortener.maxstring = shortener.maxother = shortener.maxlong = _MOST
    text = shortener.repr(value)
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"
