"""The variables of each frame that an exception went through, as short texts: what one would look at in ``%debug``."""

from __future__ import annotations

import contextlib
import threading
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
"""Seconds for all texts together, and as many again for the last: a ``__repr__`` may be slow, and the job wants to end."""


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
    """Return the frames of the user's code that an error went through, the innermost last and at most 20 of them.

    A thread asks for the texts: a ``__repr__`` that never returns (of data on a GPU that hangs) must not keep the job.
    """
    places = list(_user_frames(error))[-_MOST_FRAMES:]
    found = [_bare(frame, line) for frame, line in places]
    asking = threading.Thread(target=_ask, args=(places, found, time.monotonic() + _PATIENCE), daemon=True)
    try:
        asking.start()
    except RuntimeError:  # no thread more for this process
        return found
    asking.join(2 * _PATIENCE)
    return [frame._replace(locals=dict(frame.locals)) for frame in found]


def _ask(places: list[tuple[FrameType, int]], found: list[Frame], until: float) -> None:
    """Add the variables, those of the nearest frame first, while there is time."""
    for (frame, _), into in zip(reversed(places), reversed(found), strict=True):
        with contextlib.suppress(Exception):  # the namespace may be any mapping
            _add_texts(into.locals, frame.f_locals, until)


def _user_frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    at = error.__traceback__
    while at is not None:
        if not is_hidden(at.tb_frame):
            yield at.tb_frame, at.tb_lineno
        at = at.tb_next


def _bare(frame: FrameType, line: int) -> Frame:
    code = frame.f_code
    return Frame(label_of(code.co_filename) or code.co_filename, line, code.co_name, {})


def _add_texts(texts: dict[str, str], variables: Mapping[str, object], until: float) -> None:
    shown = {name: value for name, value in list(variables.items()) if _is_data(name, value)}
    names = list(shown)[-_MOST_NAMES:]
    texts.update(dict.fromkeys(names, "…"))
    for name in names:
        if time.monotonic() >= until:
            break
        texts[name] = _text(shown[name])


def _text(value: object) -> str:
    try:
        return short_repr(value, hidden)
    except BaseException:  # noqa: BLE001 (a __repr__ that wants to end the program)
        return f"<{type(value).__name__}>"


def _is_data(name: object, value: object) -> bool:
    program = issubclass(type(value), (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type))
    return isinstance(name, str) and not (program or name.startswith("__") or is_ipythons_own(name))
