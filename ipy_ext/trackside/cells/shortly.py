"""Any value in one short line."""

from __future__ import annotations

import reprlib
from collections.abc import Callable

__all__ = ["short_repr"]

_MOST = 200
_LOOKED_AT = 64 * 1024
"""Characters at each end of a text that are looked through for what must not be shown."""


class _Short(reprlib.Repr):
    def __init__(self, clean: Callable[[str], str]) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = _MOST
        self._clean = clean

    def repr1(self, x: object, level: int) -> str:
        try:
            return super().repr1(x, level)
        except Exception:  # noqa: BLE001 (a __repr__ of the user's; reprlib itself, of a class that is named as a builtin one)
            return f"<{type(x).__name__}>"

    def repr_str(self, x: str, level: int) -> str:
        return super().repr_str(self._clean(_ends(x)), level)

    def repr_instance(self, x: object, level: int) -> str:
        return " ".join(self._clean(_ends(repr(x))).split())


def short_repr(value: object, clean: Callable[[str], str] = str) -> str:
    """Return its repr, of at most 200 characters; a failing ``__repr__`` is a type's name.

    ``clean`` covers what must not be shown, before anything is cut: half of a secret would not be known for one.
    """
    shortener = _Short(clean)
    text = clean(shortener.repr(value))
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


def _ends(text: str) -> str:
    return text if len(text) <= 2 * _LOOKED_AT else text[:_LOOKED_AT] + text[-_LOOKED_AT:]
