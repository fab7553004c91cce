"""What a runner tells the template, so that the template can take over when the runner is killed.

One datagram each: the charge (with the descriptors of the GPU locks at first, with the process as soon as it runs), then
the wait status of the main process, known here before that process is reaped.
"""

from __future__ import annotations

import array
import contextlib
import json
import socket
from typing import NamedTuple

from trackside_server.runner.record import Charge

__all__ = ["Told", "make_channel", "receive", "tell_charge", "tell_exit"]

_LONGEST = 2**18
_MOST_LOCKS = 64


class Told(NamedTuple):
    """One message: a charge with descriptors, or a wait status with the highest memory use."""

    charge: Charge | None
    locks: list[int]
    wait_status: int | None
    max_rss: int


def make_channel() -> tuple[socket.socket, socket.socket]:
    """Return the template's and the runner's end."""
    kind = getattr(socket, "SOCK_SEQPACKET", socket.SOCK_DGRAM)
    try:
        return socket.socketpair(socket.AF_UNIX, kind)
    except OSError:  # macOS has no packets with an end
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)


def tell_charge(channel: socket.socket, charge: Charge, locks: list[int] | None = None) -> None:
    """Hand the template the charge; nobody hears it when the template was killed, and that harms nothing."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", locks))] if locks else []
    _send(channel, {"charge": charge._asdict()}, rights)


def tell_exit(channel: socket.socket, wait_status: int, max_rss: int = 0) -> None:
    """Tell the template how the main process ended."""
    _send(channel, {"wait_status": wait_status, "max_rss": max_rss}, [])


def _send(channel: socket.socket, message: object, rights: list[tuple[int, int, array.array[int]]]) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionError):
        channel.sendmsg([json.dumps(message).encode("ascii")], rights)


def receive(channel: socket.socket) -> Told | None:
    """Return the next message that is there, None when there is none (now, or ever)."""
    try:
        data, rights, _, _ = channel.recvmsg(_LONGEST, socket.CMSG_SPACE(_MOST_LOCKS * 4), socket.MSG_DONTWAIT)
    except (BlockingIOError, ConnectionError):
        return None
    if not data:
        return None
    locks = array.array("i")
    for level, kind, content in rights:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            locks.frombytes(content[: len(content) - len(content) % locks.itemsize])
    message = json.loads(data)
    charge = Charge(**message["charge"]) if "charge" in message else None
    return Told(charge, list(locks), message.get("wait_status"), message.get("max_rss", 0))
