"""Runs a function in a job; what it returns comes back as ``result``, what it raises as the job's exception."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import cast

from trackside.cells.endings import finish, show_error
from trackside.cells.inputs import load_carried
from trackside.cells.manifest import Manifest
from trackside.cells.outcome import write_exception
from trackside.errors import NotFound
from trackside.tracking.folder import RunFolder

__all__ = ["RESULT", "run_function_job"]

RESULT = "result"
"""Name under which a function's return value comes back."""


def run_function_job(folder: RunFolder, spec: dict[str, object], module: ModuleType) -> BaseException | None:
    """Call the carried function with the carried arguments; return what ended it."""
    if Manifest.read(folder.inputs).ipython:  # the function contains ``!`` or magics
        from trackside.cells.outputs import OutputLog
        from trackside.cells.shell import make_shell

        make_shell(OutputLog(folder), module)
    _, call = load_carried(folder.inputs, vars(module))
    if "function" not in call:
        raise NotFound("The function of this job is missing from its inputs.", hint="Submit it again.")
    returned: dict[str, object] = {}
    error: BaseException | None = None
    shown = ""
    try:
        returned[RESULT] = _call(call)
    except BaseException as raised:  # noqa: BLE001 (the end of the user's code, whatever it is)
        error = raised
        shown = show_error(folder, raised)
    finish(folder, {"outputs": list(returned)}, returned, error, shown)
    if isinstance(error, Exception):
        write_exception(folder.results, error, shown, value=True)
    return error


def _call(call: Mapping[str, object]) -> object:
    function = cast("Callable[..., object]", call["function"])
    returned = function(*cast("Sequence[object]", call["args"]), **cast("Mapping[str, object]", call["kwargs"]))
    if inspect.iscoroutine(returned):
        import asyncio

        return asyncio.run(returned)
    return returned
