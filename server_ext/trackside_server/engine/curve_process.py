"""``python -m trackside_server.engine.curve_process``: reads the curves of big files for a server, then ends.

Requests and answers are MessagePack behind four bytes of length, on standard input and output. It ends when its
server does, and after a minute without a request, so that what it holds in memory is free again.
"""

from __future__ import annotations

import os
import select
import sys
from io import RawIOBase
from pathlib import Path

import msgspec

from trackside.models import Metrics
from trackside_server.engine.frame_curves import FrameCurves
from trackside_server.engine.wire_curves import Answer, Question, framed

__all__ = ["main"]

_IDLE = 60.0


def main() -> None:
    """Answer until nobody asks."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    questions, curves = os.fdopen(sys.stdin.fileno(), "rb", buffering=0, closefd=False), FrameCurves()
    while select.select([questions], [], [], _IDLE)[0]:
        question = _next(questions)
        if question is None:
            return
        try:
            answer = Answer(_read(curves, question))
        except Exception as error:  # noqa: BLE001  # the boundary of a process; said in the server's log
            answer = Answer(problem=f"{type(error).__name__}: {error}")
        data = memoryview(framed(answer))
        while data:
            data = data[answers.write(data) :]


def _read(curves: FrameCurves, asked: Question) -> Metrics:
    return curves.read(
        Path(asked.path),
        asked.run_id,
        keys=asked.keys,
        x=asked.x,
        max_points=asked.max_points,
        since=asked.since,
        between=asked.between,
    )


def _next(questions: RawIOBase) -> Question | None:
    size = _exactly(questions, 4)
    data = _exactly(questions, int.from_bytes(size, "big")) if size else None
    return msgspec.msgpack.decode(data, type=Question) if data else None


def _exactly(file: RawIOBase, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        more = file.read(size - len(data))
        if not more:
            return None
        data += more
    return data


if __name__ == "__main__":
    main()
