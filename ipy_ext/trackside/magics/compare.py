"""``%compare``: runs side by side, their curves over each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.errors import InvalidInput
from trackside.magics import usages
from trackside.magics.options import read_arguments
from trackside.magics.track import show_curves

if TYPE_CHECKING:
    from trackside.display.comparing import Compared
    from trackside.magics.session import Session

__all__ = ["compare"]


def compare(session: Session, line: str) -> Compared:
    """Show the curves of runs over each other, then what differs; the value has ``data`` and ``curves(KEY)``, DataFrames."""
    from trackside.display.comparing import Compared

    arguments = read_arguments(usages.COMPARE, line)
    names = [name for word in arguments.words for name in word.split(",") if name]
    if len(names) < 2:
        raise InvalidInput(
            "%compare needs at least two runs.", hint="Write %compare baseline lr-0.03, or %compare 41 42."
        )
    comparison = session.client.runs.compare(names, x=arguments.text("x") or "step")
    if session.panels.is_kernel and comparison.metrics:
        show_curves(session, comparison.runs, comparison.x)
    return Compared(comparison)
