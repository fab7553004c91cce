"""The variables of each frame that an exception went through, as short texts: what one would look at in ``%debug``."""

from __future__ import annotations

import time
import types
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import NamedTuple

from trackside.cells.names import is_ipythons_own
from trackside.cells.secrecy import hidden
from trackside.cells.shortly import short_repr
from trackside.cells.sources import label_of
from trackside.cells.tracebacks import is_hidden

__all__ = ["Frame", "Locals", "frames_of"]

_MOST_FRAMES = 20
_MOST_NAMES = 60
_PATIENCE = 2.0
"""Seconds for all texts together: a ``__repr__`` may be slow, and the job wants to end."""


class Frame(NamedTuple):
    """Where it was, and its variables: the name and a text of at most 200 characters."""

    file: str
    line: int
    function: str
    locals: dict[str, str]

    def __str__(self) -> str:
        within = "" if self.function == "<module>" else f", in {self.function}"
        width = max(map(len, self.locals), default=0)
        lines = (f"    {name:<{width}} = {text}" for name, text in self.locals.items())
        return "\n".join([f"{self.file}, line {self.line}{within}", *lines])


class Locals(tuple[Frame, ...]):
    """The frames of a failure, the one that raised last; it shows itself as text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n\n".join(map(str, self)) or "No frame was kept."

    __str__ = __repr__


def frames_of(error: BaseException) -> list[Frame]:
    """Return the frames of the user's code that an error went through, the innermost last and at most 20 of them."""
    until = time.monotonic() + _PATIENCE
    places = [(frame, line) for frame, line in _user_frames(error)][-_MOST_FRAMES:]
    found = [_frame(frame, line, until) for frame, line in reversed(places)]  # the nearest first, while there is time
    return found[::-1]


def _user_frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    at = error.__traceback__
    while at is not None:
        if not is_hidden(at.tb_frame):
            yield at.tb_frame, at.tb_lineno
        at = at.tb_next


def _frame(frame: FrameType, line: int, until: float) -> Frame:
    code = frame.f_code
    file = label_of(code.co_filename) or code.co_filename
    return Frame(file, line, code.co_name, _texts(frame.f_locals, until))


def _texts(variables: Mapping[str, object], until: float) -> dict[str, str]:
    shown = {name: value for name, value in list(variables.items()) if _is_data(name, value)}
    texts: dict[str, str] = {}
    for name, value in list(shown.items())[-_MOST_NAMES:]:
        texts[name] = hidden(short_repr(value)) if time.monotonic() < until else "…"
    return texts


def _is_data(name: str, value: object) -> bool:
    program = isinstance(value, (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type))
    return not (program or name.startswith("__") or is_ipythons_own(name))
