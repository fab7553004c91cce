"""How an attempt ended, from what is known of it; pure."""

from __future__ import annotations

import os
import signal
from typing import NamedTuple

from trackside_server.runner.stop import StopRequest

__all__ = ["Facts", "judge"]


class Facts(NamedTuple):
    """What is known at the end: the wait status of the main process (None: unknown), who asked it to stop,
    whether the kernel's out-of-memory killer was at work, the exception that a cell left, and what it says of the
    memory when the kernel killed some process of the attempt because it was over its own limit.
    """

    wait_status: int | None
    stop: StopRequest | None = None
    kernel_oom: bool = False
    exception: str | None = None
    over_memory: str | None = None


def judge(facts: Facts) -> dict[str, object]:
    """Return ``status``, ``reason`` and ``exit_code`` of the attempt."""
    code = None if facts.wait_status is None else os.waitstatus_to_exitcode(facts.wait_status)
    if facts.stop is not None:
        status = "cancelled" if facts.stop.code.startswith("cancelled") else "failed"
        return _answer(status, facts.stop.code, facts.stop.message, code)
    if code == 0:
        return {"status": "completed", "reason": None, "exit_code": 0}
    if code is None:
        return _answer("failed", "lost", "ended, and nobody saw how", None)
    if facts.over_memory is not None:
        return _answer("failed", "out_of_memory", facts.over_memory, code)
    if code == -signal.SIGKILL and facts.kernel_oom:
        return _answer("failed", "out_of_memory", "was killed by the kernel, which ran out of memory", code)
    if code < 0:
        return _answer("failed", "signal", f"was killed by {_name(-code)}", code)
    if facts.exception is not None:
        return _answer("failed", "exception", facts.exception, code)
    return _answer("failed", "exit_code", f"ended with exit code {code}", code)


def _answer(status: str, code: str, message: str, exit_code: int | None) -> dict[str, object]:
    reason = {"code": _whole(code), "message": _whole(message)}
    return {"status": status, "reason": reason, "exit_code": exit_code}


def _whole(text: str) -> str:
    """Return a text without halves of characters, such as an exception's with a file's name: no reader of JSON takes them."""
    return text.encode("utf-8", "replace").decode()


def _name(number: int) -> str:
    try:
        return f"{signal.Signals(number).name} (signal {number})"
    except ValueError:
        return f"signal {number}"
