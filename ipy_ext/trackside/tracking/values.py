"""What a record can hold: any number-like value becomes one that JSON can carry, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping

__all__ = ["restore_floats", "spell_floats"]

_SPELT = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def spell_float(value: float) -> str:
    """Return the string that stands for a NaN or an infinity in our files."""
    if value != value:
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def spell_floats(value: object) -> object:
    """Return ``value`` with each NaN and infinity in it, at any depth, as ``"NaN"``, ``"Infinity"`` or ``"-Infinity"``."""
    if isinstance(value, float):
        return value if math.isfinite(value) else spell_float(value)
    if isinstance(value, Mapping):
        return {key: spell_floats(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [spell_floats(item) for item in value]
    return value


def restore_floats(value: object) -> object:
    """Return ``value`` with each ``"NaN"``, ``"Infinity"`` and ``"-Infinity"`` in it, at any depth, as a float."""
    if isinstance(value, str):
        return _SPELT.get(value, value)
    if isinstance(value, dict):
        return {key: restore_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [restore_floats(item) for item in value]
    return value
