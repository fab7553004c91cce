"""What a column holds, told from its values: one rule for all ways to read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

__all__ = ["Kind", "as_float", "kind_of"]

Kind = Literal["none", "bool", "int", "float", "text", "mixed"]
"""``none``: nothing but None. ``int``: whole numbers of at most 64 bits. ``float``: any numbers. ``mixed``: all else."""

_WORD = 2**63
_SIMPLE: dict[type, Kind] = {bool: "bool", float: "float", str: "text"}


def kind_of(values: Iterable[object]) -> Kind:
    """Return what a column of these values is; None is a place without a value and fits everything."""
    present = [value for value in values if value is not None]
    kinds = set(map(type, present))
    if not kinds:
        return "none"
    if kinds == {int}:
        return "int" if all(-_WORD <= value < _WORD for value in present) else "mixed"  # type: ignore[operator]
    if kinds == {int, float}:
        return "float"
    return _SIMPLE.get(next(iter(kinds)), "mixed") if len(kinds) == 1 else "mixed"


def as_float(value: float) -> float:
    """Return a number as a float; a whole number beyond all floats is an infinity."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
