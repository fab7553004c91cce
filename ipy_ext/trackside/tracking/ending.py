"""How a process ends, for the runs that nobody finished: well, by an exception, by ``sys.exit`` or by a signal."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from trackside.tracking.run import Run

__all__ = ["COMPLETED", "Outcome", "forget", "of_exception", "open_runs", "watch"]

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)

Outcome = tuple[str, dict[str, str] | None]
"""Status and reason as they stand in ``meta.json``."""

COMPLETED: Outcome = ("completed", None)


open_runs: list[Run] = []
"""The runs of this process that are open, oldest first; a forked child begins with those of its parent."""

_watching = 0
_exit_code: object = None
_seen_before: BaseException | None = None


def watch(run: Run) -> None:
    """Close this run when the process ends, with the right status and reason, unless it is closed before."""
    global _watching, _seen_before
    if _watching != os.getpid():
        if not _watching:
            atexit.register(_at_exit)
            _take_exit()
        _watching, _seen_before = os.getpid(), _last_exception()
        _take_worker_exit()
        _take_signals()
    open_runs.append(run)


def forget(run: Run) -> None:
    """Leave a run that is closed alone."""
    if run in open_runs:
        open_runs.remove(run)


def _close_all(outcome: Outcome, patience: float = 10.0) -> None:
    for run in reversed(list(open_runs)):
        run.close(*outcome, patience=patience)


def of_exception(kind: type[BaseException], value: BaseException | None) -> Outcome:
    """Return the outcome of a run that this exception ends."""
    if issubclass(kind, SystemExit):
        return of_exit(getattr(value, "code", None))
    if issubclass(kind, KeyboardInterrupt):
        return "failed", {"code": "signal", "message": "Interrupted from the keyboard (SIGINT)."}
    text = f"{kind.__name__}: {value}" if str(value) else kind.__name__
    return "failed", {"code": "exception", "message": text[:1000]}


def of_exit(code: object) -> Outcome:
    """Return the outcome of ``sys.exit(code)``."""
    if code is None or code == 0:
        return COMPLETED
    if isinstance(code, int):
        return "failed", {"code": "exit_code", "message": f"Exit code {code}."}
    return "failed", {"code": "exit_code", "message": f"Exit code 1: {code}"[:1000]}


def _at_exit() -> None:
    under_way = sys.exc_info()[1]  # in a worker of multiprocessing, whose end is a finally block
    last = under_way or _last_exception()
    if last is not None and last is not _seen_before and not _is_interactive():
        _close_all(of_exception(type(last), last))
    else:
        _close_all(of_exit(_exit_code))


def _last_exception() -> BaseException | None:
    """Return the exception that the interpreter has printed last; for a script it is the one that ended it."""
    found = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    return found if isinstance(found, BaseException) else None


def _is_interactive() -> bool:
    """Whether an exception ends only what was typed: in a notebook or at a prompt."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return shell is not None or hasattr(sys, "ps1") or bool(sys.flags.interactive)


def _take_worker_exit() -> None:
    """Have the workers of multiprocessing tell us too: they end without ``atexit``."""
    multiprocessing = sys.modules.get("multiprocessing.process")
    if multiprocessing is not None and multiprocessing.parent_process() is not None:
        from multiprocessing.util import Finalize

        Finalize(None, _at_exit, exitpriority=-100)


def _take_signals() -> None:
    """Handle the signals that end a process, where nobody else does and Python lets us: in its main thread."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _on_signal)


def _on_signal(number: int, _frame: FrameType | None) -> None:
    """Close the runs, then die of the signal as if it had never been handled."""
    signal.signal(number, signal.SIG_DFL)
    message = f"Ended by signal {signal.Signals(number).name}."
    try:
        _close_all(("failed", {"code": "signal", "message": message}), patience=1.0)
    finally:
        os.kill(os.getpid(), number)


_held = threading.local()


def _before_fork() -> None:
    """Hold our signals back while a process forks: Python forgets those that reach a child before it is set up."""
    ours = [number for number in _SIGNALS if signal.getsignal(number) is _on_signal]
    _held.mask = signal.pthread_sigmask(signal.SIG_BLOCK, ours) if ours else None


def _after_fork() -> None:
    if _held.mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _held.mask)


def _in_child() -> None:
    """Give the signals back: a child has nothing to close, and must die of them even where no Python runs."""
    for number in _SIGNALS:
        if signal.getsignal(number) is _on_signal:
            signal.signal(number, signal.SIG_DFL)
    _after_fork()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)


class _Exit(SystemExit):
    """What our ``sys.exit`` raises: a SystemExit that notes, when it is gone, whether it ended the process.

    The interpreter keeps no trace of a SystemExit that nobody caught. One that was caught dies while Python code
    runs; the one that ends the process dies after the last frame is left.
    """

    def __del__(self) -> None:
        global _exit_code
        if sys._getframe().f_back is None and threading.current_thread() is threading.main_thread():
            _exit_code = self.code


_Exit.__name__ = _Exit.__qualname__ = "SystemExit"
_Exit.__module__ = "builtins"
_plain_exit = sys.exit


def _take_exit() -> None:
    """Have ``sys.exit``, ``exit`` and ``quit`` raise our SystemExit; where a person types, they end nothing."""
    if _is_interactive():
        return
    if sys.exit is _plain_exit:
        sys.exit = _exit
    quitter = type(getattr(builtins, "exit", None))
    if quitter.__name__ == "Quitter" and "__call__" in vars(quitter):
        _take_quitter(quitter, quitter.__call__)


def _exit(code: object = None, /) -> NoReturn:
    """Exit the interpreter by raising SystemExit(status)."""
    # In another thread it ends only the thread, and threading looks for exactly SystemExit.
    raise (_Exit if threading.current_thread() is threading.main_thread() else SystemExit)(code)


def _take_quitter(quitter: type, plain: Callable[[object, object], object]) -> None:
    def call(self: object, code: object = None) -> NoReturn:
        with contextlib.suppress(SystemExit):
            plain(self, code)
        _exit(code)

    if plain.__module__ == quitter.__module__:
        quitter.__call__ = call  # type: ignore[method-assign]
