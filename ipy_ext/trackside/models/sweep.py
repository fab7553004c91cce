"""What varies between the jobs of a sweep: ``"lr=0.1,0.01 seed=1..3"`` read into values, and every combination of them. Pure."""

from __future__ import annotations

import itertools
import math
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from trackside.errors import InvalidInput
from trackside.models.units import shortened

__all__ = [
    "MOST",
    "Scalar",
    "checked",
    "combinations",
    "parse_parameter",
    "parse_scalar",
    "parse_sweep",
    "spelled",
    "titles",
]

Scalar = str | int | float | bool | None
MOST = 1000
"""Jobs of one sweep."""
_WORDS: Mapping[str, Scalar] = {"true": True, "false": False, "none": None, "null": None}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?::(.*))?")
_EXAMPLE = 'Write --sweep "lr=0.1,0.01 seed=1..3".'


def parse_sweep(text: str) -> dict[str, list[Scalar]]:
    """Return the values of each name, in the order written.

    A value is a number, ``true``, ``false``, ``none`` or a word; ``1..3`` stands for 1, 2 and 3, ``0..1:0.25`` goes by
    steps. Quotes keep spaces and commas. Raises InvalidInput for what cannot be read and for more than ``MOST`` jobs.
    """
    try:
        words = shlex.split(text, posix=True)
    except ValueError:
        raise InvalidInput(f"--sweep: a quotation mark is not closed in {shortened(text)}.", hint=_EXAMPLE) from None
    if not words:
        raise InvalidInput("--sweep names nothing that varies.", hint=_EXAMPLE)
    grid: dict[str, list[Scalar]] = {}
    for word in words:
        name, equals, listed = word.partition("=")
        if not equals or not name.isidentifier():
            raise InvalidInput(f"--sweep: {shortened(word)} is not name=values.", hint=_EXAMPLE)
        if name in grid:
            raise InvalidInput(f"--sweep: {name} is given twice.", hint=f"Write its values together: {name}=1,2,3.")
        grid[name] = _values(name, listed)
    return checked(grid)


def checked(grid: Mapping[str, Sequence[Scalar]]) -> dict[str, list[Scalar]]:
    """Return a grid whose values differ and whose jobs are not too many; raises InvalidInput for another."""
    for name, values in grid.items():
        if not values:
            raise InvalidInput(f"{name} has no value.", hint=_EXAMPLE)
        seen: set[tuple[type, Scalar]] = set()
        for value in values:
            if (type(value), value) in seen:
                raise InvalidInput(f"{name}: {spelled(value)} stands twice.", hint="Each value makes a job once.")
            seen.add((type(value), value))
    number = math.prod(len(values) for values in grid.values())
    if number > MOST:
        raise InvalidInput(f"The sweep would be {number:,} jobs; at most {MOST:,} go.", hint="Give fewer values.")
    return {name: list(values) for name, values in grid.items()}


def combinations(grid: Mapping[str, Sequence[Scalar]]) -> Iterator[dict[str, Scalar]]:
    """Yield every combination, the last name varying fastest."""
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def titles(grid: Mapping[str, Sequence[Scalar]]) -> list[str]:
    """Return what each combination is called: ``lr=0.1 seed=2``, of the names that really vary."""
    varying = [name for name, values in grid.items() if len(values) > 1] or list(grid)
    return [" ".join(f"{name}={spelled(chosen[name])}" for name in varying) for chosen in combinations(grid)]


def spelled(value: Scalar) -> str:
    """Return a value as it is written in a sweep."""
    return (
        value
        if isinstance(value, str)
        else str(value).lower()
        if value is None or isinstance(value, bool)
        else f"{value!r}"
    )


def parse_scalar(text: str) -> Scalar:
    """Return the number, bool, None or word that a text stands for; whole numbers that JSON may not hold are floats."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if re.fullmatch(r"[+-]?\d{1,18}", text):
        return int(text)
    if not re.fullmatch(_NUMBER, text):
        return text
    number = float(text)
    if not math.isfinite(number):
        raise InvalidInput(f"{shortened(text)} is too great a number.")
    return number


def parse_parameter(text: str, option: str = "-P") -> tuple[str, Scalar]:
    """Return name and value of ``lr=0.1``. Raises InvalidInput for what is not NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise InvalidInput(f"{option}: {shortened(text)} is not NAME=VALUE.", hint=f"Write {option} lr=0.1.")
    return name, parse_scalar(value)


def _values(name: str, listed: str) -> list[Scalar]:
    values: list[Scalar] = []
    for item in listed.split(","):
        if not item.strip():
            raise InvalidInput(f"--sweep: {name} has an empty value in {shortened(listed)}.", hint=_EXAMPLE)
        found = _RANGE.fullmatch(item.strip())
        values += _range(name, item, *found.groups()) if found else [parse_scalar(item.strip())]
    return values


def _range(name: str, item: str, first: str, last: str, step: str | None) -> list[Scalar]:
    whole = all(re.fullmatch(r"[+-]?\d+", each) for each in (first, last, step or "1"))
    if step is None and not whole:
        raise InvalidInput(f"--sweep: {name}={item} needs a step.", hint=f"Write {name}={first}..{last}:0.1.")
    by = Decimal("1" if step is None else step if re.fullmatch(_NUMBER, step) else "0")
    low, high = Decimal(first), Decimal(last)
    if not by or (high - low) / by < 0:
        raise InvalidInput(f"--sweep: {name}={item} goes nowhere.", hint=f"Write {name}=1..3, or {name}=0..1:0.25.")
    if (high - low) / by >= MOST:
        raise InvalidInput(f"--sweep: {name}={item} has more than {MOST:,} values; so many jobs do not go.")
    number = int((high - low) / by) + 1
    return [int(low + by * place) if whole else float(low + by * place) for place in range(number)]
