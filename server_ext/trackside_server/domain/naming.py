"""Which job or run a name means that several have.

Whoever looks gets the newest. Whoever changes something (cancel, retry, delete) gets the only one that the verb can be
about, and is asked for the id where there are several.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from trackside.errors import AmbiguousName, NotFound, near
from trackside_server.domain.record import JobRecord, RunRow

__all__ = ["ended", "one_of", "unfinished"]

_R = TypeVar("_R", JobRecord, RunRow)
_LISTED = 5


def one_of(
    found: Sequence[_R], names: Sequence[str], text: str, noun: str, can_be: Callable[[_R], bool] | None = None
) -> _R:
    """Return the one that ``text`` means of those found, newest first; ``can_be`` None for whoever only looks.

    Raises NotFound naming the near ``names``, AmbiguousName when several can be meant. Where none can, the newest is
    returned, so that the verb says why it cannot be done.
    """
    if not found:
        raise NotFound(f"There is no {noun} {text!r}.", hint=near(text, names), code=f"{noun}_not_found")
    if can_be is None or len(found) == 1:
        return found[0]
    meant = [each for each in found if can_be(each)]
    if len(meant) > 1:
        listed = ", ".join(f"{each.id} ({each.status})" for each in meant[:_LISTED])
        more = f" and {len(meant) - _LISTED} more" if len(meant) > _LISTED else ""
        raise AmbiguousName(
            f"{len(meant)} {noun}s are called {text!r}: {listed}{more}.",
            hint=f"Use the id; {meant[0].id} is the newest.",
        )
    return meant[0] if meant else found[0]


def ended(each: JobRecord | RunRow) -> bool:
    """Whether it can be retried or deleted."""
    return each.is_terminal


def unfinished(each: JobRecord | RunRow) -> bool:
    """Whether it can be cancelled."""
    return not each.is_terminal
