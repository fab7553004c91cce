"""What template and runner tell each other: the template gives a runner its connection, the runner tells what it does, so that the template can take over when the runner is killed.

One datagram each: the charge before anything is done, the descriptors of the GPU locks, the charge with the process that
runs, and at last the wait status of that process, known here before it is reaped.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import socket
from typing import NamedTuple

from trackside_server.runner.record import Charge

__all__ = ["Told", "await_connection", "hand_over", "make_channel", "receive", "tell_charge", "tell_exit", "tell_locks"]

_LONGEST = 2**18
_MOST_LOCKS = 64


class Told(NamedTuple):
    """One message: a charge, or descriptors of locks, or a wait status with the highest memory use."""

    charge: Charge | None
    descriptors: list[int]
    wait_status: int | None
    max_rss: int


def make_channel() -> tuple[socket.socket, socket.socket]:
    """Return the template's and the runner's end."""
    kind = getattr(socket, "SOCK_SEQPACKET", socket.SOCK_DGRAM)
    try:
        return socket.socketpair(socket.AF_UNIX, kind)
    except OSError:  # macOS has no packets with an end
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)


def tell_charge(channel: socket.socket, charge: Charge) -> None:
    """Hand the template the charge; nobody hears it when the template was killed, and that harms nothing."""
    _send(channel, {"charge": charge._asdict()}, [])


def tell_locks(channel: socket.socket, locks: list[int]) -> None:
    """Hand the template copies of these descriptors; a lock is free only when all copies are closed."""
    _send(channel, {}, [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", locks))])


def tell_exit(channel: socket.socket, wait_status: int, max_rss: int = 0) -> None:
    """Tell the template how the main process ended."""
    _send(channel, {"wait_status": wait_status, "max_rss": max_rss}, [])


def hand_over(channel: socket.socket, connection: socket.socket) -> bool:
    """Give a waiting runner the connection that it shall serve; False when it is dead."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [connection.fileno()]))]
    try:
        channel.sendmsg([b"{}"], rights)
    except OSError:
        return False
    return True


def await_connection(channel: socket.socket) -> socket.socket | None:
    """Wait for the connection to serve; None when the template needs this runner no more."""
    told = receive(channel, flags=0)
    return socket.socket(fileno=told.descriptors[0]) if told is not None and told.descriptors else None


def _send(channel: socket.socket, message: object, rights: list[tuple[int, int, array.array[int]]]) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionError):
        channel.sendmsg([json.dumps(message).encode("ascii")], rights)


def receive(channel: socket.socket, flags: int = socket.MSG_DONTWAIT) -> Told | None:
    """Return the next message that is there, None when there is none (now, or ever)."""
    try:
        data, rights, _, _ = channel.recvmsg(_LONGEST, socket.CMSG_SPACE(_MOST_LOCKS * 4), flags)
    except (BlockingIOError, ConnectionError):
        return None
    if not data:
        return None
    descriptors = array.array("i")
    for level, kind, content in rights:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    message = json.loads(data)
    charge = Charge(**message["charge"]) if "charge" in message else None
    return Told(charge, list(descriptors), message.get("wait_status"), message.get("max_rss", 0))
