"""What a record can hold: any number-like value becomes one that JSON can carry, and back."""

from __future__ import annotations

import enum
import math
import os
from collections.abc import Iterable, Mapping
from typing import Any, cast

from trackside.errors import NotLoggable

__all__ = ["RESERVED", "Scalar", "fields_of", "loggable", "plain", "restore_floats", "scalar", "spell_floats"]

Scalar = float | int | bool | str | None
"""What stands in a record. NaN and infinities are there as the strings of ``spell_float``."""

LONGEST_TEXT = 1024
_EXACT = frozenset({int, bool, type(None)})
RESERVED = frozenset({"_idx", "_timestamp"})
_SPELT = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def loggable(metrics: object, *, reserved: frozenset[str] = RESERVED) -> dict[str, Scalar]:
    """Return ``metrics`` as one flat dict of values that a record can hold; ``{"a": {"b": 1}}`` becomes ``a/b``.

    Raises NotLoggable (a TypeError) naming the key whose value or name cannot be logged.
    """
    if not isinstance(metrics, (dict, Mapping)):
        raise NotLoggable(
            f"A value of type {_kind(metrics)} cannot be logged.", hint='Log a dict of numbers: {"loss": 0.5}.'
        )
    flat: dict[str, Scalar] = {}
    _flatten(metrics, "", flat)
    if not reserved.isdisjoint(flat):
        key = min(reserved & flat.keys())
        raise NotLoggable(f"The key {key!r} is taken: Trackside writes it itself.", hint="Use another name.")
    return flat


def _flatten(metrics: Mapping[Any, object], prefix: str, flat: dict[str, Scalar]) -> None:
    for key, value in metrics.items():
        if isinstance(key, int):
            key = str(int(key))
        if not isinstance(key, str):
            raise NotLoggable(f"The key {prefix}{key!r} is not a text.", hint="Keys are strings.")
        name = prefix + key
        if name in flat:
            raise NotLoggable(f"The key {name!r} is there twice.", hint="A nested dict gives the same name.")
        kind = type(value)
        if kind not in _EXACT and not isinstance(value, float) and getattr(value, "shape", None) == ():
            value = _item(value)
            kind = type(value)
        if kind in _EXACT:
            flat[name] = cast("Scalar", value)
        elif isinstance(value, float):
            flat[name] = _finite(float(value))
        elif isinstance(value, Mapping):
            _flatten(value, name + "/", flat)
        else:
            flat[name] = scalar(value, name)


def scalar(value: object, key: str) -> Scalar:
    """Return one value as a record can hold it.

    Taken are Python numbers, None, bool, text (cut after 1,024 characters), members of an Enum by their value, and
    whatever has one element: scalars and arrays of numpy, torch, jax and others that have ``item()``.
    """
    if type(value) in _EXACT:
        return cast("Scalar", value)
    found = _number(_only_element(value, key) if hasattr(value, "shape") else value)
    if found is NotImplemented:
        raise NotLoggable(f"{key!r}: a value of type {_kind(value)} cannot be logged.", hint=_hint(value))
    return cast("Scalar", found)


def _number(value: object) -> object:
    """Return a plain value as a record holds it, NotImplemented for all others."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return _number(value.value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _finite(float(value))
    if isinstance(value, str):
        text = str(value)
        return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
    import numbers  # for values of other libraries only

    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real) or type(value).__name__ == "Decimal":
        return _number(float(cast("numbers.Real", value)))
    return NotImplemented


def _only_element(value: object, key: str) -> object:
    """Return the one element of an array-like value as a Python value; another value as it is."""
    shape = getattr(value, "shape", None)
    if shape != () and not isinstance(shape, Iterable):
        return value
    sizes = [] if shape == () else list(shape)
    if any(size != 1 for size in sizes):
        raise NotLoggable(
            f"{key!r}: an array of shape {tuple(sizes)} cannot be logged.",
            hint="Log a number of it, such as its mean, or save it with save_artifact.",
        )
    return _item(value)


def _item(value: object) -> object:
    """Return the Python value of something with one element; what has no such value as it is."""
    item = getattr(value, "item", None)
    if item is not None:
        return item()
    return float(cast("float", value)) if hasattr(value, "__float__") else value


def _kind(value: object) -> str:
    return type(value).__qualname__


def _hint(value: object) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return "Log its elements under names of their own, or a number such as the mean."
    return "Log a number, a short text, a bool or None."


def plain(value: object) -> object:
    """Return a configuration value as JSON can carry it: unlike ``scalar`` this takes everything.

    Dicts, dataclasses, Namespaces, models and sequences stay what they are, scalars become plain, and what has no
    plain form is written as text.
    """
    found = _number(value) if not isinstance(value, str) else str(value)
    if found is not NotImplemented:
        return found
    fields = fields_of(value)
    if fields is not None:
        return {str(key): plain(item) for key, item in fields.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    for method in ("tolist", "item"):
        if callable(getattr(value, method, None)) and not isinstance(value, type):
            return plain_or_text(value, method)
    return _text(value)


def plain_or_text(value: object, method: str) -> object:
    """Return what ``value.<method>()`` gives in plain form, else its text: an array may refuse to be read."""
    try:
        return plain(getattr(value, method)())
    except (TypeError, ValueError, RuntimeError):
        return _text(value)


def fields_of(value: object) -> dict[Any, object] | None:
    """Return the fields of a dict, dataclass, ``argparse.Namespace``, named tuple or model; None for all else."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, type):
        return None
    if hasattr(value, "__dataclass_fields__"):
        import dataclasses

        return {field.name: getattr(value, field.name) for field in dataclasses.fields(cast("Any", value))}
    for method in ("model_dump", "_asdict"):
        if callable(getattr(value, method, None)):
            found = getattr(value, method)()
            return dict(found) if isinstance(found, Mapping) else None
    if type(value).__name__ in {"Namespace", "SimpleNamespace"}:
        return dict(vars(value))
    return None


def _text(value: object) -> str:
    name = getattr(value, "__qualname__", None)
    return f"{getattr(value, '__module__', '')}.{name}" if isinstance(name, str) else str(value)


def _finite(number: float) -> float | str:
    return number if -math.inf < number < math.inf else spell_float(number)


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
