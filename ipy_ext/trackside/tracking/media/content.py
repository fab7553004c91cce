"""One piece of media before it is written: the bytes of its file, and the facts of its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trackside.errors import NotLoggable

__all__ = ["Content", "kind_of", "within"]

Facts = Mapping[str, object]


@dataclass(frozen=True)
class Content:
    """``kind`` is ``image``, ``figure``, ``table``, ``text`` or ``histogram``; ``format`` also ends the file's name.

    ``warning`` is a sentence about what was changed on the way, said once per key.
    """

    kind: str
    format: str
    data: bytes
    facts: Facts = field(default_factory=dict)
    warning: str = ""


def within(key: str, data: bytes, most: int, hint: str) -> bytes:
    """Return the data. Raises NotLoggable when it is larger than ``most`` bytes."""
    if len(data) > most:
        raise NotLoggable(f"{key!r}: {len(data) / 2**20:.1f} MB are more than the {most >> 20} MB allowed.", hint=hint)
    return data


def kind_of(value: object) -> str:
    """Return the name of a value's type, as it stands in sentences."""
    kind = type(value)
    home = kind.__module__.partition(".")[0]
    return kind.__qualname__ if home in {"builtins", "__main__"} else f"{home} {kind.__qualname__}"
