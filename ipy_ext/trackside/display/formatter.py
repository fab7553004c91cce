"""Lets a ``Job`` or ``Sweep`` that is a cell's value show its panel, without importing what that needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from trackside.sdk.job import Job
    from trackside.sdk.sweep import Sweep

__all__ = ["is_kernel", "register", "unregister"]

_TYPES = (("trackside.sdk.job", "Job"), ("trackside.sdk.sweep", "Sweep"))


def is_kernel(shell: InteractiveShell) -> bool:
    """Whether a front end shows what this shell displays, rather than a terminal."""
    return getattr(shell, "kernel", None) is not None


def register(shell: InteractiveShell, show: Callable[[Job | Sweep], None]) -> None:
    """Call ``show`` for each ``Job`` and ``Sweep`` that a kernel displays; a terminal shows its repr."""
    if is_kernel(shell):
        for kind in _TYPES:
            shell.display_formatter.ipython_display_formatter.for_type_by_name(*kind, show)


def unregister(shell: InteractiveShell) -> None:
    """Let jobs and sweeps show themselves as they do without us."""
    formatter = shell.display_formatter.ipython_display_formatter
    for name in _TYPES:
        formatter.deferred_printers.pop(name, None)
    for kind in [kind for kind in formatter.type_printers if (kind.__module__, kind.__name__) in _TYPES]:
        formatter.pop(kind)
