"""``%load_ext trackside``: puts the magics into a shell, and takes them out again."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from trackside.display import formatter
from trackside.display.settle import Settler
from trackside.errors import InvalidInput
from trackside.magics import usages
from trackside.magics.help import help_text
from trackside.magics.session import Session

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from trackside.magics.complete import Completer
    from trackside.magics.options import Usage
    from trackside.sdk.job import Job
    from trackside.sdk.sweep import Sweep

__all__ = ["load", "unload"]

Magic = Callable[..., object]
_LINES = {
    "track": ("track", "track", (usages.TRACK, usages.TRACK_CELL)),
    "submit": ("submit", "submit_line", (usages.SUBMIT, usages.SUBMIT_LINE)),
    "jobs": ("lists", "jobs", (usages.JOBS,)),
    "runs": ("lists", "runs", (usages.RUNS,)),
    "compare": ("compare", "compare", (usages.COMPARE,)),
    "gpus": ("lists", "gpus", (usages.GPUS,)),
    "artifacts": ("lists", "artifacts", (usages.ARTIFACTS,)),
    "logs": ("verbs", "logs", (usages.LOGS,)),
    "cancel": ("verbs", "cancel", (usages.CANCEL,)),
    "retry": ("verbs", "retry", (usages.RETRY,)),
}
_CELLS = {
    "submit": ("submit", "submit_cell", (usages.SUBMIT, usages.SUBMIT_LINE)),
    "track": ("track", "track_cell", (usages.TRACK, usages.TRACK_CELL)),
}
_loaded: weakref.WeakKeyDictionary[object, _Extension] = weakref.WeakKeyDictionary()


def load(shell: InteractiveShell) -> None:
    """Add magics, completion, panels and values to come to this shell; a second time changes nothing."""
    if shell not in _loaded:
        _loaded[shell] = _Extension(shell)


def unload(shell: InteractiveShell) -> None:
    """Take all of it out of this shell; jobs go on."""
    extension = _loaded.pop(shell, None)
    if extension is not None:
        extension.close()


class _Extension:
    """What we put into one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.session = Session(shell)
        self._shell = weakref.ref(shell)
        for kind, magics in (("line", _LINES), ("cell", _CELLS)):
            for name, (module, function, forms) in magics.items():
                shell.register_magic_function(_magic(self.session, module, function, forms), kind, name)
        for name in _CELLS:
            shell.register_magic_function(_not_first(name), "line", f"%{name}")
        self._settler = Settler(self.session.outputs, self.session.namespace)
        shell.ast_transformers.append(self._settler)
        self._completer = _completer(self.session)
        shell.Completer.custom_matchers.append(self._completer.match)
        formatter.register(shell, self._show)

    def _show(self, value: Job | Sweep) -> None:
        self.session.panels.show_value(value)

    def close(self) -> None:
        """Take it out again."""
        shell = self._shell()
        if shell is None:
            return
        registered = shell.magics_manager.magics
        for name in (*_LINES, *(f"%{name}" for name in _CELLS)):
            registered["line"].pop(name, None)
        for name in _CELLS:
            registered["cell"].pop(name, None)
        self._settler.close()
        shell.ast_transformers.remove(self._settler)
        shell.Completer.custom_matchers.remove(self._completer.match)
        formatter.unregister(shell)


def _completer(session: Session) -> Completer:
    from trackside.magics.complete import Completer

    return Completer(session)


def _magic(session: Session, module: str, function: str, forms: tuple[Usage, ...]) -> Magic:
    """Return the magic, whose module is imported at its first use."""

    def magic(*args: str) -> object:
        __tracebackhide__ = True  # errors of the user's own code (%%track) are shown without our frames
        from importlib import import_module

        verb: Magic = getattr(import_module(f"trackside.magics.{module}"), function)
        return verb(session, *args)

    magic.__name__ = magic.__qualname__ = forms[0].magic.lstrip("%")
    magic.__doc__ = help_text(*forms)
    return magic


def _not_first(name: str) -> Magic:
    """Return what ``%%submit`` means in the middle of a cell: IPython takes it for a line magic called ``%submit``."""

    def explain(line: str) -> None:
        raise InvalidInput(
            f"%%{name} must be the first line of its cell; nothing was {'submitted' if name == 'submit' else 'tracked'}.",
            hint="Move what stands above it, comments too, below it or into a cell of its own.",
            code="not_first_line",
        )

    return explain
