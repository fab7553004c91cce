"""Lets a ``Job`` that is a cell's value show its panel, without importing what a ``Job`` needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from trackside.sdk.job import Job

__all__ = ["is_kernel", "register", "unregister"]

_JOB = ("trackside.sdk.job", "Job")


def is_kernel(shell: InteractiveShell) -> bool:
    """Whether a front end shows what this shell displays, rather than a terminal."""
    return getattr(shell, "kernel", None) is not None


def register(shell: InteractiveShell, show: Callable[[Job], None]) -> None:
    """Call ``show`` for each ``Job`` that a kernel displays; a terminal shows its repr."""
    if is_kernel(shell):
        shell.display_formatter.ipython_display_formatter.for_type_by_name(*_JOB, show)


def unregister(shell: InteractiveShell) -> None:
    """Let a ``Job`` show itself as it does without us."""
    formatter = shell.display_formatter.ipython_display_formatter
    formatter.deferred_printers.pop(_JOB, None)
    for kind in [kind for kind in formatter.type_printers if (kind.__module__, kind.__name__) == _JOB]:
        formatter.pop(kind)
