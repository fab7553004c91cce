"""Appends metric records: the one path of the program where every tenth of a microsecond counts.

``send((metrics, step))`` runs a generator up to its next ``yield``. A generator is used for three things that it
gives at no cost: its state lies in local variables, it lets only one caller in at a time (a second one gets
``ValueError: generator already executing``), and it lives on when a record is refused. Whoever finds it busy leaves
the record in a queue and comes back to have it emptied.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import sys
import time
import weakref
from collections import deque
from collections.abc import Callable, Generator
from pathlib import Path
from types import GeneratorType
from typing import Any, cast

from trackside.errors import NotLoggable, RunClosedError
from trackside.tracking.atomic import encode_json
from trackside.tracking.clock import timestamp
from trackside.tracking.encoding import Encoding, choose_encoding
from trackside.tracking.indices import IndexBlocks
from trackside.tracking.lines import open_lines
from trackside.tracking.losses import Losses
from trackside.tracking.shapes import Line, Shapes
from trackside.tracking.values import Scalar, loggable, scalar

__all__ = ["Recorder"]

Entry = tuple[Any, Any]
"""What the user gave, unread: metrics and step."""

_NOT_OPEN = -1
_LOOK_EVERY = 64
"""Records, at most, between two looks whether the file is still there; a slow writer looks at each one."""
_PATIENCE = 10.0
"""Seconds that a record waits for one that another thread is writing; then it is left to that thread."""
_NOTHING: Entry = ({}, object())
"""An entry that is not written; it makes the generator empty its queue and look after its file."""

_living: weakref.WeakSet[Recorder] = weakref.WeakSet()


class Recorder:
    """The writer of one file of records, for all threads of one process.

    ``send`` takes metrics and step and returns whether ``problem`` holds an error to raise. It raises ValueError
    when another caller is inside, StopIteration when an interrupt killed the generator: ``in_turn`` is for both.
    """

    __slots__ = (
        "__weakref__",
        "_blocks",
        "_closed",
        "_encoding",
        "_end",
        "_fd",
        "_generator",
        "_looked",
        "_looked_at",
        "_losses",
        "_next",
        "_path",
        "_shape",
        "_shapes",
        "_waiting",
        "problem",
        "send",
    )

    def __init__(self, path: Path, blocks: IndexBlocks, losses: Losses, encoding: Encoding | None = None) -> None:
        self._path = path
        self._blocks = blocks
        self._losses = losses
        self._encoding = encoding or choose_encoding()
        self._shapes = Shapes(self._encoding)
        self._shape: Line | None = None
        self._waiting: deque[dict[str, Scalar]] = deque()
        self._fd = _NOT_OPEN
        self._next = self._end = 0
        self._looked, self._looked_at = 0.0, 0
        self._closed = False
        self.problem: BaseException | None = None
        self._start()
        _living.add(self)

    def _start(self) -> None:
        self._generator = cast("GeneratorType[bool, Entry, None]", self._run())
        next(self._generator)
        self.send: Callable[[Entry], bool] = self._generator.send

    def _run(self) -> Generator[bool, Entry, None]:
        _, now, zone, encode, option = self._encoding
        write, isfinite, record = os.write, math.isfinite, None
        metrics: Any
        step: Any
        fd, indices, index, failed, shape = self._fd, self._resume(self._next), self._next, False, self._shape
        while True:
            try:
                for index in indices:
                    metrics, step = yield failed
                    failed = False
                    try:
                        moment = now(zone) if zone else now()
                        if shape:
                            line = shape(index, moment, step, metrics)
                        else:
                            if step is None:
                                record, start, ours = {"_idx": index, "_timestamp": moment, **metrics}, 0, 2
                            else:
                                record = {"_idx": index, "_timestamp": moment, "step": step, **metrics}
                                start, ours = step, 3
                            line = encode(record, None, option) if option else encode(record) + b"\n"
                            # One entry too few: a key of the user's is one of ours. The sum refuses what is no number,
                            # and a NaN or an infinity in it spoils it. All that is left to the careful path. It comes
                            # after the encoder, which refuses values of other libraries: those may be slow to add up.
                            if len(record) - len(metrics) != ours or not isfinite(sum(metrics.values(), start)):
                                raise ValueError
                        if write(fd, line) == len(line):
                            metrics = None  # what was logged last is not kept alive
                            continue
                        self._torn()
                        indices = self._resume(index + 1)
                        break
                    except Exception:  # noqa: BLE001, S110  the careful path finds out what it was, and says so
                        pass
                    failed, indices = self._carefully(index, metrics, step)
                    break
                else:
                    indices = self._look(indices.stop)
                    self._shape = shape or self._shapes.wide_enough(record)
            except GeneratorExit:
                self._next = index
                return
            except BaseException as error:  # noqa: BLE001  an interrupt: raised in the caller, and we live on
                self.problem, failed = error, True
                indices = self._resume(max(index, self._next) + 1)
            metrics = record = None  # nor is what a refused one held
            fd, shape = self._fd, self._shape

    def _carefully(self, index: int, metrics: Any, step: Any) -> tuple[bool, range]:
        """Write what the short path could not; return whether it is refused, and the indices to go on with."""
        if step is _NOTHING[1]:
            return False, self._look(self._write_queue(index))
        line = self._known(index, metrics, step)
        if line is not None:
            return False, self._resume(self._write(index, {}, line))
        try:
            fields = _fields(metrics, step)
        except Exception as error:  # noqa: BLE001  from the user's own types too; raised again in the caller
            self.problem = error.with_traceback(None)
            return True, self._resume(index)
        index = self._write(index, fields)
        self._shape = self._shapes.learn(metrics, step)
        return False, self._resume(index)

    def _known(self, index: int, metrics: Any, step: Any) -> bytes | None:
        """Return the line of a record whose shape is known, though it is not the shape of the one before."""
        found = self._shapes.find(metrics, step)
        if found is None or found is self._shape or self._fd == _NOT_OPEN:
            return None
        try:
            line = found(index, self._encoding.time(), step, metrics)
        except Exception:  # noqa: BLE001  it has another shape after all
            return None
        self._shape = found
        return line

    def _write_queue(self, index: int) -> int:
        """Write what others left in the queue, and return the index to go on with."""
        while self._waiting:
            index = self._resume(self._write(index, self._waiting.popleft())).start
        return index

    def _write(self, index: int, fields: dict[str, Scalar], line: bytes = b"") -> int:
        """Write one record, or count it as lost, and return the index to go on with; ``line`` is for an open file."""
        try:
            index = self._open(index)
            line = line or self._line({"_idx": index, "_timestamp": self._encoding.time(), **fields})
            if os.write(self._fd, line) != len(line):
                self._torn()
        except OSError as error:
            self._losses.add(error)
            self._shut()
            return max(index, self._next)
        return index + 1

    def _line(self, record: dict[str, Any]) -> bytes:
        try:
            return self._encoding.line(record)
        except Exception:  # noqa: BLE001  integers beyond 64 bits, half characters: the standard library takes them
            return encode_json(record | {"_timestamp": timestamp()})

    def _open(self, index: int) -> int:
        """Have the file open and an index that is ours, and return that index."""
        if self._fd == _NOT_OPEN:
            self._next = index
            self._fd = open_lines(self._path)
            if self._next == self._end:
                self._take_block()
            self._looked_at = self._next
        return max(index, self._next)

    def _take_block(self) -> None:
        block = self._blocks.take()
        self._next, self._end = block.start, block.stop

    def _resume(self, index: int) -> range:
        """Return the indices to go on with from ``index`` on: one while the file is not open, never none."""
        self._next = index
        if self._fd == _NOT_OPEN:
            return range(index, index + 1)
        if index < self._end:
            return range(index, min(index + _LOOK_EVERY, self._end))
        return self._look(index)

    def _look(self, index: int) -> range:
        """Look after the file and the block at times, before ``index`` is used, and return the indices to go on with."""
        self._next = index
        if self._fd == _NOT_OPEN:
            return range(index, index + 1)
        count, now = index - self._looked_at, time.monotonic()
        try:
            if os.fstat(self._fd).st_nlink == 0:
                self._losses.add(FileNotFoundError(errno.ENOENT, "the file was removed", str(self._path)), count)
                self._shut()
                return range(index, index + 1)
            if index == self._end:
                self._take_block()
        except OSError as error:
            self._losses.add(error, 0)
            self._shut()
            return range(index, index + 1)
        size = max(1, min(_LOOK_EVERY, 2 * count)) if now - self._looked < 1 else 1
        self._looked, self._looked_at = now, self._next
        return range(self._next, min(self._next + size, self._end))

    def _torn(self) -> None:
        """Count a record of which only a part was written; the next opening ends its line."""
        self._losses.add(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path)))
        self._shut()

    def _shut(self) -> None:
        if self._fd != _NOT_OPEN:
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._fd = _NOT_OPEN

    def in_turn(self, entry: Entry) -> bool:
        """Do what ``send`` does, after it raised ValueError or StopIteration."""
        if self._generator.gi_frame is None and not self._closed:
            self._start()
        with contextlib.suppress(ValueError):
            return self.send(entry)
        metrics, step = entry
        fields = _fields(metrics, step)
        self._waiting.append(fields)
        self._settle(_PATIENCE)
        return False

    def take_problem(self) -> BaseException:
        """Return the error to raise after ``send`` returned True, and keep no hold of it."""
        problem, self.problem = self.problem, None
        return problem or RuntimeError("the record was refused")

    def settle(self) -> None:
        """Write what waits and look whether the file is still there, so that the losses are counted up to now."""
        if not self._closed and self._generator.gi_frame is not None:
            self._settle()

    def _settle(self, patience: float = 1.0) -> None:
        """Go in once, or wait until the one who is inside has emptied the queue."""
        deadline, pause = time.monotonic() + patience, 0.0
        while time.monotonic() < deadline:
            try:
                self._generator.send(_NOTHING)
                return
            except ValueError:
                if _is_below(self._generator.gi_frame):
                    return  # we interrupted the one inside; the queue is emptied at the next occasion
            time.sleep(pause)
            pause = 0.0001

    def close(self, run_id: str) -> None:
        """Write what waits, close the file and give back unused indices; later records raise RunClosedError."""

        def refuse(_entry: Entry) -> bool:
            raise RunClosedError(
                f"The run {run_id} is finished; nothing more can be logged to it.",
                hint="Call trackside.init() for a new one.",
            )

        self.send = refuse
        self.settle()
        self._closed = True
        with contextlib.suppress(ValueError):  # a signal came while a record was written: nothing more comes after it
            self._generator.close()
        self._shut()
        with contextlib.suppress(OSError):
            self._blocks.give_back(range(self._next, self._end))

    def forked(self) -> None:
        """Begin anew in a forked child: another block of indices, and nothing of what the parent has under way."""
        if not self._closed:
            self._blocks.disown()
            self._shut()
            self._waiting.clear()
            self._next = self._end = 0
            self._start()


def _fields(metrics: Any, step: Any) -> dict[str, Scalar]:
    """Return what the user gave as the fields of a record. Raises NotLoggable naming the key that cannot be one."""
    fields = loggable(metrics)
    if step is None:
        return fields
    number = scalar(step, "step")
    if number is None or isinstance(number, str):
        raise NotLoggable(f"step: {step!r} is not a number.", hint="Give a number; it may repeat and go back.")
    if fields.get("step", number) != number:
        raise NotLoggable("The key 'step' is there twice, with two values.", hint="Give step=… alone.")
    return {"step": number, **fields}


def _is_below(frame: Any) -> bool:
    """Whether ``frame`` is one that called us, in this thread."""
    caller = sys._getframe()
    while caller is not None and caller is not frame:
        caller = caller.f_back  # type: ignore[assignment]
    return caller is not None


def _forked() -> None:
    for recorder in list(_living):
        recorder.forked()


os.register_at_fork(after_in_child=_forked)
