"""How callers name a job or a run: by its id, its number, its name, or something that has an id."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol, runtime_checkable
from urllib.parse import quote

from trackside.errors import InvalidInput

__all__ = ["HasId", "Reference", "id_of", "is_one", "joined", "name_of", "one_or_more", "segment"]


@runtime_checkable
class HasId(Protocol):
    """Anything with an id: a ``Job``, a ``RunInfo``, a live handle."""

    @property
    def id(self) -> str:
        """The id."""
        ...


Reference = str | int | HasId  # what the methods of the client take


def name_of(thing: object) -> str:
    """Return the id, number or name that names this job or run."""
    if isinstance(thing, HasId):
        thing = thing.id
    if isinstance(thing, int) and not isinstance(thing, bool) and thing > 0:
        return str(thing)
    if isinstance(thing, str) and thing.strip():
        return thing.strip()
    raise InvalidInput(f"{thing!r} names no job or run.", hint="Give an id such as 'job-41', 41, or a name.")


def segment(thing: object) -> str:
    """Return the name as one segment of a URL's path."""
    text = name_of(thing)
    return quote(text, safe="") if text not in (".", "..") else text.replace(".", "%2E")


def id_of(thing: object) -> str | None:
    """Return the id of the job where it can be known without asking: from an id, a number or a value with an id."""
    name = name_of(thing)
    if isinstance(thing, HasId) or re.fullmatch(r"job-\d+", name):
        return name
    return f"job-{name}" if name.isdecimal() and name.isascii() else None


def one_or_more(things: Reference | Iterable[Reference]) -> list[Reference]:
    """Return the things as a list, whether one or several were named; each is checked to name something."""
    found: list[Reference] = [things] if isinstance(things, (str, int, HasId)) else list(things)
    for thing in found:
        name_of(thing)
    return found


def is_one(things: object) -> bool:
    """Return whether this names one thing rather than several."""
    return isinstance(things, (str, int, HasId))


def joined(things: Iterable[object] | str | None) -> str | None:
    """Return ``a,b`` for several texts, the text itself for one, None for none."""
    if things is None or isinstance(things, str):
        return things or None
    return ",".join(str(thing) for thing in things) or None
