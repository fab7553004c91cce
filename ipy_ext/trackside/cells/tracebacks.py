"""Tracebacks of the user's code as plain text: without our frames, cells called as people call them."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType

from trackside.cells.sources import label_of

__all__ = ["drop_our_frames", "format_error", "has_group", "is_hidden", "message_of"]

_OURS = str(Path(__file__).parent)


def format_error(error: BaseException) -> str:
    """Return the traceback of an error, its causes and its group, as Python prints it."""
    whole = traceback.TracebackException.from_exception(error)
    for part in _parts(whole):
        part.stack = traceback.StackSummary.from_list(
            [_named(frame) for frame in part.stack if not _is_hidden(frame.filename, frame.name)]
        )
    return "".join(whole.format()).rstrip("\n")


def message_of(error: BaseException) -> str:
    """Return the text of an error; none where its own ``__str__`` fails."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 (a __str__ of the user's)
        return ""


def drop_our_frames(at: TracebackType | None) -> None:
    """Take our frames and IPython's out of a traceback, all but the first, which IPython itself leaves out."""
    while at is not None:
        while at.tb_next is not None and _is_aside(at.tb_next.tb_frame.f_code.co_filename):
            at.tb_next = at.tb_next.tb_next
        at = at.tb_next


def is_hidden(frame: FrameType) -> bool:
    """Whether a frame is ours or IPython's, or the one line that starts the job."""
    return _is_hidden(frame.f_code.co_filename, frame.f_code.co_name)


def has_group(error: BaseException | None) -> bool:
    """Whether the error, or one that it came after, holds several errors."""
    while error is not None:
        if hasattr(error, "exceptions") and hasattr(error, "split"):
            return True
        error = error.__cause__ or error.__context__
    return False


def _parts(whole: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    todo, seen = [whole], set()
    while todo:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        todo += [other for other in (part.__cause__, part.__context__) if other is not None]
        todo += getattr(part, "exceptions", None) or []


def _is_hidden(file: str, name: str) -> bool:
    starts = file == "<string>" and name == "<module>"  # the one line that starts the job
    return starts or _is_aside(file)


def _is_aside(file: str) -> bool:
    return file.startswith(_OURS) or "/IPython/core/" in file


def _named(frame: traceback.FrameSummary) -> traceback.FrameSummary:
    label = label_of(frame.filename)
    if label is None:
        return frame
    return traceback.FrameSummary(label, frame.lineno, frame.name, lookup_line=False, line=frame.line)
