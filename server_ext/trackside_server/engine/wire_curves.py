"""What a server and the process that reads curves for it say to each other: MessagePack behind four bytes of length."""

from __future__ import annotations

import msgspec

from trackside.models import Metrics

__all__ = ["Answer", "Question", "framed"]


class Question(msgspec.Struct, frozen=True):
    """What ``read_curves`` is called with."""

    path: str
    run_id: str
    keys: list[str] | None
    x: str
    max_points: int
    since: int
    between: tuple[float, float] | None = None


class Answer(msgspec.Struct, frozen=True):
    """The curves, or why there are none."""

    metrics: Metrics | None = None
    problem: str = ""


def framed(message: msgspec.Struct) -> bytes:
    """Return a message as it travels."""
    data = msgspec.msgpack.encode(message)
    return len(data).to_bytes(4, "big") + data
