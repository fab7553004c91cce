"""What the server tells a runner: one length-prefixed JSON frame, from the server's socket straight to the runner."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["HEAD", "OPENING", "Order", "decode_order", "encode_order", "read_order"]

OPENING = b"R"
"""The first byte of a connection that wants a runner; the template looks at no other."""
_LENGTH_BYTES = 4
HEAD = len(OPENING) + _LENGTH_BYTES
"""Bytes before the body of a frame."""
_LONGEST = 64 * 2**20


class Order(NamedTuple):
    """Everything that a runner needs to know. Times are seconds, sizes bytes; ``environment`` is the whole of it."""

    run_dir: str
    attempt: int
    argv: list[str]
    environment: dict[str, str]
    workdir: str
    gpus: list[str]
    grace: float
    time: float | None
    memory: int | None
    max_output: int | None
    limits: list[dict[str, object]]
    holder: dict[str, str | None]
    """What the note beside the GPU locks says: ``job`` and ``home``, the id of its home."""
    gpu_share: float = 1.0
    """How much of its one GPU is taken, in eighths; 1.0 for whole ones."""
    cpus: float | None = None
    cores: Sequence[int] = ()
    max_iops: int | None = None
    max_processes: int | None = None
    group: str = ""
    """The name of the control group, where one is needed."""
    limits_engine: str = "auto"
    """What may hold the limits: ``auto`` for the best that there is."""
    secrets: Sequence[str] = ()
    """Names in ``environment`` whose values are not shown."""
    cost_per_hour: float | None = None
    """What an hour of it costs, where the site has prices; for the record."""

    def __repr__(self) -> str:
        return f"<Order {self.run_dir} attempt {self.attempt}>"


def encode_order(order: Order) -> bytes:
    """Return the frame of an order, opening byte included."""
    body = json.dumps(order._asdict(), separators=(",", ":")).encode("ascii")
    return OPENING + len(body).to_bytes(_LENGTH_BYTES, "big") + body


def decode_order(body: bytes) -> Order:
    """Return the order in the body of a frame. Raises ValueError or TypeError when it is none."""
    return Order(**json.loads(body))


def read_order(connection: socket.socket) -> Order:
    """Read one frame. Raises EOFError, ValueError, TypeError or OSError (also for a timeout) when there is none."""
    head = _read_exactly(connection, HEAD)
    length = int.from_bytes(head[len(OPENING) :], "big")
    if not head.startswith(OPENING) or length > _LONGEST:
        raise ValueError("Not the frame of an order.")
    return decode_order(_read_exactly(connection, length))


def _read_exactly(connection: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        part = connection.recv(min(length - len(data), 2**20))
        if not part:
            raise EOFError(f"The connection ended after {len(data)} of {length} bytes.")
        data += part
    return bytes(data)
