"""Signals to exactly the process that is meant, even if its pid has been given to another one since."""

from __future__ import annotations

import contextlib
import os
import signal

from trackside.probes.process import ProcessId

__all__ = ["open_pidfd", "send"]


def open_pidfd(process: ProcessId) -> int | None:
    """Return a descriptor of this process, readable when it ends; None when it is dead or the system has no such thing."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        return None
    if process.is_alive():
        return descriptor
    os.close(descriptor)
    return None


def send(process: ProcessId, number: int) -> bool:
    """Send a signal; False when the process is dead."""
    descriptor = open_pidfd(process)
    if descriptor is None:
        return _send_by_pid(process, number)
    try:
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True


def _send_by_pid(process: ProcessId, number: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        if process.is_alive():
            os.kill(process.pid, number)
            return True
    return False
