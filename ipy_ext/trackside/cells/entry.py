"""What a job's process runs: finds out what was submitted, prepares the program, runs it, keeps how it ended.

Started by the server as ``python -c "…; from trackside.cells.entry import main; main()"`` with ``TRACKSIDE_RUN_DIR``
set. It is started for every job, so it imports nothing that a job may not need.
"""

from __future__ import annotations

import builtins
import importlib
import json
import os
import sys
from collections.abc import Callable
from types import ModuleType

from trackside.errors import InvalidInput, TracksideError
from trackside.tracking.folder import RunFolder

__all__ = ["NoKeyboardError", "main"]

_KINDS = ("cell", "script", "notebook", "function")
_Run = Callable[[RunFolder, dict[str, object], ModuleType], BaseException | None]
_INLINE = "module://matplotlib_inline.backend_inline"


def main() -> None:
    """Run what the job of this run folder asked for, and exit as it ends.

    Exit codes: 0, the code of a ``SystemExit``, 1 after an exception; an interrupt ends by SIGINT.
    """
    folder = RunFolder(os.environ["TRACKSIDE_RUN_DIR"])
    try:
        error = _run(folder)
    except TracksideError as found:
        error = found
        _report(folder, found)
    _leave(error)


def _run(folder: RunFolder) -> BaseException | None:
    """Return the exception that ended the user's code, None if it ended well; it has been shown then."""
    spec = json.loads(folder.spec.read_bytes())
    kind = next((kind for kind in _KINDS if spec.get(kind) is not None), None)
    if kind is None:
        raise InvalidInput(f"{folder.spec} asks for nothing that runs here.")
    if spec.get("secrets"):
        from trackside.cells.secrecy import keep_secret

        keep_secret(spec["secrets"])
    module = _prepare(spec, kind)
    _forget_earlier_attempt(folder)
    run: _Run = getattr(importlib.import_module(f"trackside.cells.{kind}_job"), f"run_{kind}_job")
    return run(folder, spec, module)


def _prepare(spec: dict[str, object], kind: str) -> ModuleType:
    """Make this process look as the submitter's program expects it, and return its empty ``__main__``."""
    path = spec.get("sys_path")
    if isinstance(path, list) and path:
        sys.path[:] = path
    arguments = spec.get("args")
    sys.argv = [str(spec.get("name") or kind), *(map(str, arguments) if isinstance(arguments, list) else ())]
    module = sys.modules["__main__"]
    for name in [name for name in vars(module) if not name.startswith("__")]:
        delattr(module, name)
    builtins.input = _no_keyboard  # type: ignore[assignment]  # it never returns
    env = spec.get("env")
    if not (isinstance(env, dict) and "MPLBACKEND" in env):
        _choose_figures(kind)
    return module


def _choose_figures(kind: str) -> None:
    """Cells keep their figures as a notebook does; other programs cannot, though they inherit the notebook's choice."""
    if kind in ("cell", "notebook"):
        os.environ["MPLBACKEND"] = _INLINE
    elif "inline" in os.environ.get("MPLBACKEND", ""):
        os.environ["MPLBACKEND"] = "agg"


class NoKeyboardError(EOFError):
    """``input()`` was called in a job."""

    __module__ = "trackside"


def _no_keyboard(prompt: object = "") -> object:
    raise NoKeyboardError(
        f"input({str(prompt)!r}) was called, but a job has no keyboard; pass the value with -i or --env."
    )


def _forget_earlier_attempt(folder: RunFolder) -> None:
    if folder.results.exists():
        from trackside.cells.outcome import clear_outcome

        clear_outcome(folder.results)


def _report(folder: RunFolder, error: TracksideError) -> None:
    """Say why the user's code could not be started."""
    from trackside.cells.outcome import write_exception

    print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 (the job's log)
    write_exception(folder.results, error, "")


def _leave(error: BaseException | None) -> None:
    """End the process the way Python ends after this exception; its traceback has been shown."""
    if error is None:
        sys.exit(0)
    if isinstance(error, SystemExit):
        raise error.with_traceback(None)
    if isinstance(error, KeyboardInterrupt):
        sys.excepthook = lambda *_: None
        raise error
    sys.exit(1)
