"""Where the file of a piece of media lies: ``media/<key>/<step>-<random>.<format>``, whatever the key looks like."""

from __future__ import annotations

import os
import time

from trackside.errors import NotLoggable

__all__ = ["FOLDER", "checked", "file_name"]

FOLDER = "media"
_LONGEST_KEY = 256
_LONGEST_PART = 60
"""Characters: of four bytes each at most, where a name may have 255 bytes."""
_EXACT = 2**53
_PLAIN = frozenset("-_.+=@, ")


def checked(key: object) -> str:
    """Return the key. Raises NotLoggable for what is no name of 1 to 256 characters."""
    if not isinstance(key, str):
        raise NotLoggable(f"The key {key!r} is not a text.", hint="Keys are strings.")
    if not key.strip() or len(key) > _LONGEST_KEY:
        raise NotLoggable(f"The key {key[:40]!r} has {len(key)} characters.", hint=f"Use 1 to {_LONGEST_KEY}.")
    return key


def file_name(key: str, step: float | int | None, ending: str) -> str:
    """Return a new name below ``artifacts/``. No two calls, in whatever process or host, return the same.

    Slashes of the key make folders. What means something to a file system becomes ``_``, so no key leads out.
    """
    folders = [part for part in map(_part, key.split("/")) if part]
    moment = time.strftime("%H%M%S", time.gmtime()) if step is None else _number(step)
    return "/".join([FOLDER, *(folders or ["_"]), f"{moment}-{os.urandom(5).hex()}.{ending}"])


def _number(step: float | int) -> str:
    return str(int(step)) if abs(step) < _EXACT and step == int(step) else f"{step:g}"


def _part(text: str) -> str:
    safe = "".join(sign if sign.isalnum() or sign in _PLAIN else "_" for sign in text.strip())
    return (f"_{safe.lstrip('.')}" if safe.startswith(".") else safe)[:_LONGEST_PART].rstrip(" .")
