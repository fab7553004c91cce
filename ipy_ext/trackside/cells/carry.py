"""Decides what of a notebook goes into a job with a cell, says so, and writes it."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from trackside.cells.manifest import Entry, Manifest
from trackside.cells.names import OWN_NAME, CellNames, find_names, is_ipythons_own
from trackside.cells.packing import Packed, TooLarge, Wanted, is_light, is_notebooks_value, pack
from trackside.errors import InvalidInput, NotCarried, near

__all__ = ["LIMIT", "CarryPlan", "plan_carry", "spell_size"]

LIMIT = 2 * 1024**3
"""Bytes that go without being asked for by name."""


@dataclass(frozen=True)
class CarryPlan:
    """What goes into a job, pickled but not written yet: what could go wrong has gone wrong already.

    ``items``: name, type, size and how of each. ``missing``: names that the cell reads and that do not exist here.
    ``remarks``: sentences for the user. Large arrays are written from where they are: do not change them before
    ``write``.
    """

    items: tuple[Entry, ...]
    missing: tuple[str, ...]
    remarks: tuple[str, ...]
    packed: Packed = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(item.size for item in self.items)

    def describe(self) -> str:
        """Return one line for each name, the largest first, then the remarks; data shared by names counts once."""
        width = max((len(item.name) for item in self.items), default=0)
        lines = [
            f"{item.name:<{width}}  {_SPOKEN[item.how].format(item.module or item.type)}"
            + (f"  {spell_size(item.size)}" if item.size >= 1000 else "")
            for item in sorted(self.items, key=lambda item: -item.size)
        ]
        return "\n".join([*lines, *self.remarks])

    def write(self, folder: Path) -> Manifest:
        """Write everything into the folder, which must exist, and return what lies there then; this can be done once."""
        return self.packed.write(folder)


_SPOKEN = {"value": "{}", "import": "import {}", "code": "{}, with its code"}


def plan_carry(
    source: str,
    namespace: MutableMapping[str, object],
    *,
    names: Literal["auto", "none"] | Sequence[str] = "auto",
    bound: Collection[str] = (),
    limit: int = LIMIT,
) -> CarryPlan:
    """Return what the cell with this source needs from the notebook's namespace.

    ``"auto"``: all names that it reads and the notebook has, and what the notebook's functions among them read.
    ``bound`` are names that the job gets otherwise. A list: these values only; modules, functions and classes that the cell reads go anyway. ``"none"``: nothing.

    Raises InvalidInput for a cell that cannot be parsed or a listed name that does not exist, NotCarried for a value
    that cannot travel and for more than ``limit`` bytes that nobody asked for by name.
    """
    found = find_names(source).given(bound)
    if names == "none":
        return CarryPlan((), (), (), pack([], namespace))
    listed = None if isinstance(names, str) else list(dict.fromkeys(names))
    choice = _Choice(found, namespace, listed)
    try:
        packed = pack(
            choice.wanted(),
            namespace,
            limit=limit if listed is None else None,
            choose=choice.read_by_function,
            alternatives=choice.alternatives(),
        )
    except TooLarge as error:
        raise _too_large(error.entries, limit) from None
    packed.chains |= found.chains
    missing = choice.missing()
    remarks = [
        *choice.remarks,
        *packed.remarks,
        *map(_missing_sentence, missing),
        *map(_history_sentence, found.history),
    ]
    return CarryPlan(tuple(packed.entries), tuple(missing), tuple(dict.fromkeys(remarks)), packed)


class _Choice:
    """Which names go, and why not."""

    def __init__(self, found: CellNames, namespace: MutableMapping[str, object], listed: list[str] | None) -> None:
        self._found = found
        self._namespace = namespace
        self._listed = listed
        self.remarks: list[str] = []
        for name in listed or ():
            if name not in namespace:
                raise InvalidInput(
                    f"{name!r} is not a name of this notebook, so it cannot be carried.",
                    hint=near(name, [key for key in namespace if not is_ipythons_own(key)]),
                    code="unknown_name",
                )

    def wanted(self) -> list[Wanted]:
        """Return what the cell reads, in its order, then what it may read."""
        found = self._found
        certain = [Wanted(name, self._namespace[name]) for name in self._here(found.reads)]
        possible = [
            Wanted(name, self._namespace[name], optional=True) for name in self._here([*found.unsure, *found.mentions])
        ]
        if self._listed is None:
            return certain + possible
        light = [item for item in certain + possible if item.name not in self._listed and is_light(item.value)]
        return [Wanted(name, self._namespace[name]) for name in self._listed] + light

    def read_by_function(self, name: str, value: object, reader: str) -> Wanted | None:
        """Decide about a name that a carried function or class reads."""
        if self._listed is not None and name not in self._listed and not is_light(value):
            self.remarks.append(f"{name!r}, which {reader!r} reads, is not listed and stays here.")
            return None
        optional = self._listed is not None or name in self._found.binds
        return Wanted(name, value, optional=optional, reader=reader)

    def alternatives(self) -> str:
        """Return the end of a hint: how to say what else should go."""
        data = [name for name in self._here(self._found.reads) if not is_light(self._namespace[name])]
        return f", or name what should go with -i (of {', '.join(data[:8])})" if len(data) > 1 else ""

    def missing(self) -> list[str]:
        """Return the names that the cell reads and nobody has."""
        have = {*self._namespace, *dir(builtins), OWN_NAME}
        return [name for name in self._found.needed if name not in have]

    def _here(self, names: Iterable[str]) -> list[str]:
        have = (name for name in dict.fromkeys(names) if name in self._namespace)
        return [name for name in have if is_notebooks_value(name, self._namespace[name])]


def _too_large(entries: list[Entry], limit: int) -> NotCarried:
    largest = sorted(entries, key=lambda entry: -entry.size)[:3]
    total = sum(entry.size for entry in entries)
    shown = ", ".join(f"{entry.name} {spell_size(entry.size)}" for entry in largest if entry.size)
    return NotCarried(
        f"The cell reads {spell_size(total)} of this notebook's values ({shown}); "
        f"unasked, at most {spell_size(limit)} are carried.",
        hint=f"Name what should go: -i {','.join(entry.name for entry in entries if not entry.module)}; "
        "or load it inside the cell; TRACKSIDE_CARRY_LIMIT sets the bound.",
        code="too_large",
    )


def _missing_sentence(name: str) -> str:
    return f"{name!r} does not exist in this notebook: where the cell reads it, the job will end with a NameError."


def _history_sentence(name: str) -> str:
    return f"{name!r} is this kernel's own and stays here: give the value a name first."


def spell_size(size: float) -> str:
    """Return a number of bytes as people write it: ``1.4 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return ""
