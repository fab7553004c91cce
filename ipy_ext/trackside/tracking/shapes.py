"""Records that are no short flat dict of Python numbers, of a shape that was seen before, made nearly as fast.

Nested dicts, scalars of numpy, torch or jax, texts and very many keys must be looked at value by value, and a loop that
does it costs more than all the rest. So a shape that comes twice gets a function made for it, as ``dataclasses`` makes
an ``__init__``: it looks up each value where it stood the last time, and raises when anything is not as it was. It
decides nothing: what it refuses takes the careful path, which decides everything.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

from trackside.tracking.encoding import Encoding
from trackside.tracking.values import RESERVED, scalar

__all__ = ["Line", "Shapes"]

Line = Callable[[int, object, Any, Any], bytes]
"""``line(index, moment, step, metrics)``: the line of a record. Raises any Exception when it has another shape."""

_MOST = 64
"""Functions that one writer makes: one whose shapes change for ever gets no more of them."""
_WIDE = 48
"""Keys from which on it is cheaper to encode the metrics where they are than to copy them into a record first."""
_LONGEST = 256
_PYTHON = frozenset({int, float, bool})


class _Unfit(Exception):
    """The record has another shape, or none that a function is made for."""


# What a place has held so far; one that held several kinds is of the last of them.
_PLAIN = 0  # a Python number
_NUMBER = 1  # a number of another library too
_ANY = 2  # texts and None too


class _Place(NamedTuple):
    """Where one value stands: the keys that lead to it, and what was there."""

    keys: tuple[str, ...]
    kind: int

    @property
    def name(self) -> str:
        """The name in the record."""
        return "/".join(self.keys)


class Shapes:
    """The shapes of records that one writer has seen, and the functions made for them. For one user at a time."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._seen: dict[tuple[object, ...], list[_Place]] = {}
        self._lines: dict[tuple[object, ...], Line] = {}
        self._numbers: dict[type, Callable[[Any], Any]] = {kind: kind for kind in _PYTHON}
        self._made = 0
        self._wide = _wide(encoding)

    def find(self, metrics: Any, step: Any) -> Line | None:
        """Return the function that was made for records with these keys."""
        return self._lines.get((step is None, *metrics)) if type(metrics) is dict else None

    def learn(self, metrics: Any, step: Any) -> Line | None:
        """Look at a record that was written with care, and return the function for the next one of its shape.

        There is none for a short flat record of Python numbers, which needs none, nor for a shape that comes first.
        """
        try:
            if type(metrics) is not dict or type(step) not in _PYTHON | {type(None)} or self._made >= _MOST:
                return None
            places = self._places(metrics, step)
            key = (step is None, *metrics)
            if all(place.kind is _PLAIN and len(place.keys) == 1 for place in places):
                return self._wide if len(places) >= _WIDE else None
            before = self._seen.get(key)
            if before is None or [place.keys for place in before] != [place.keys for place in places]:
                if len(self._seen) > 4 * _MOST:
                    self._seen.clear()
                self._seen[key] = places
                return None
        except _Unfit:
            return None
        merged = [now._replace(kind=max(old.kind, now.kind)) for old, now in zip(before, places, strict=True)]
        self._made += 1
        self._seen[key] = merged
        self._lines[key] = line = self._make(merged, metrics, with_step=step is not None)
        return line

    def wide_enough(self, record: dict[str, Any] | None) -> Line | None:
        """Return the function for flat records of very many numbers when this flat record was one."""
        return self._wide if record is not None and len(record) > _WIDE + 3 else None

    def _places(self, metrics: dict[Any, object], step: object) -> list[_Place]:
        """Return where the values stand. Raises _Unfit when no function is made for such a record."""
        places = list(self._walk(metrics, ()))
        names = {place.name for place in places}
        reserved = RESERVED if step is None else RESERVED | {"step"}
        if not 0 < len(places) == len(names) <= _LONGEST or not names.isdisjoint(reserved):
            raise _Unfit
        return places

    def _walk(self, metrics: dict[Any, object], above: tuple[str, ...]) -> Iterator[_Place]:
        for key, value in metrics.items():
            if type(key) is not str:
                raise _Unfit
            if type(value) is dict and value:
                yield from self._walk(value, (*above, key))
            else:
                yield _Place((*above, key), self._kind(value))

    def _kind(self, value: object) -> int:
        kind = type(value)
        if kind in _PYTHON:
            return _PLAIN
        if value is None or kind is str:
            return _ANY
        if kind not in self._numbers:
            self._numbers[kind] = _converter(kind)
        return _NUMBER

    def _make(self, places: list[_Place], metrics: dict[str, Any], *, with_step: bool) -> Line:
        """Return the function that is compiled from ``_source``."""
        source = "\n    ".join(_source(places, metrics, with_step=with_step, option=self._encoding.option))
        names: dict[str, Any] = {
            "Unfit": _Unfit,
            "encode": self._encoding.encode,
            "numbers": self._numbers,
            "scalar": scalar,
            "least": -math.inf,
            "most": math.inf,
        }
        exec(source, names)  # noqa: S102  all that comes from the user in it are keys, as their repr
        return cast("Line", names["line"])


def _source(places: list[_Place], metrics: dict[str, Any], *, with_step: bool, option: int) -> Iterator[str]:
    """The lines of a function that gets the values out of ``metrics``, which stands for all of its shape, into a line."""
    folders: dict[tuple[str, ...], str] = {(): "metrics"}
    yield "def line(index, moment, step, metrics):"
    yield f"if type(metrics) is not dict or len(metrics) != {len(metrics)}: raise Unfit"
    yield f"if step is {'None' if with_step else 'not None'}: raise Unfit"
    for number, (keys, kind) in enumerate(places):
        for depth in range(1, len(keys)):
            if keys[:depth] not in folders:
                folder = folders[keys[:depth]] = f"folder{len(folders)}"
                size = len(_at(metrics, keys[:depth]))
                yield f"{folder} = {folders[keys[: depth - 1]]}[{keys[depth - 1]!r}]"
                yield f"if type({folder}) is not dict or len({folder}) != {size}: raise Unfit"
        yield f"v{number} = {folders[keys[:-1]]}[{keys[-1]!r}]"
        if kind is _NUMBER:
            yield f"v{number} = numbers[type(v{number})](v{number})"
        elif kind is _ANY:
            yield f"v{number} = scalar(v{number}, {'/'.join(keys)!r})"
    head = "'_idx': index, '_timestamp': moment, " + ("'step': step, " if with_step else "")
    record = head + ", ".join(f"{place.name!r}: v{number}" for number, place in enumerate(places))
    yield f"data = encode({{{record}}}, None, {option})" if option else f"data = encode({{{record}}}) + b'\\n'"
    # Encoded first, so that no value of another library, which may be slow to add up, comes into the sum.
    summed = "".join(f"v{number}, " for number, place in enumerate(places) if place.kind is not _ANY)
    yield f"if not least < sum(({summed}), {'step' if with_step else '0'}) < most: raise Unfit"
    yield "return data"


def _at(metrics: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    for key in keys:
        metrics = metrics[key]
    return metrics


def _converter(kind: type) -> Callable[[Any], Any]:
    """Return what makes values of this type numbers of Python. Raises _Unfit where that takes more than one call."""
    import numbers

    if issubclass(kind, (enum.Enum, str)) or not hasattr(kind, "shape"):
        raise _Unfit
    if issubclass(kind, numbers.Real) and not issubclass(kind, numbers.Integral):
        return float
    if issubclass(kind, numbers.Integral) and kind.__name__ != "timedelta64":
        return int
    return _element


def _element(value: Any) -> object:
    """Return the one element of an array, a number of Python. Raises whatever ``item`` does where there are several."""
    found = value.item()
    if type(found) in _PYTHON:
        return cast("object", found)
    raise _Unfit


def _wide(encoding: Encoding) -> Line:
    """Return the function for flat records of very many Python numbers."""
    encode, option = encoding.encode, encoding.option
    end = -2 if option else -1

    def line(index: int, moment: object, step: Any, metrics: Any) -> bytes:
        start: dict[str, object] = {"_idx": index, "_timestamp": moment}
        if step is not None:
            start["step"] = step
        if type(metrics) is not dict or len(metrics) < _WIDE or not metrics.keys().isdisjoint(start):
            raise _Unfit
        if option:
            data = b"%b,%b" % (encode(start, None, option)[:end], encode(metrics, None, option)[1:])
        else:
            data = b"%b,%b\n" % (encode(start)[:end], encode(metrics)[1:])
        if not -math.inf < sum(metrics.values(), 0 if step is None else step) < math.inf:
            raise _Unfit
        return data

    return line
