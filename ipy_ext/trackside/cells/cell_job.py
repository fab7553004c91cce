"""Runs a cell in a job."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from trackside.cells.endings import finish
from trackside.cells.inputs import load_carried
from trackside.cells.names import OWN_NAME
from trackside.cells.outputs import OutputLog
from trackside.cells.params import params_of
from trackside.cells.shell import make_shell
from trackside.tracking.folder import RunFolder

__all__ = ["LABEL", "run_cell_job"]

LABEL = "%%submit"


def run_cell_job(folder: RunFolder, spec: dict[str, object], module: ModuleType) -> BaseException | None:
    """Run the spec's cell in the module; return what ended it."""
    shell = make_shell(OutputLog(folder), module)
    shell.user_ns[OWN_NAME] = import_module(OWN_NAME)
    load_carried(folder.inputs, shell.user_ns)
    shell.user_ns.update(params_of(spec))
    error = shell.run(str(spec["cell"]), LABEL)
    finish(folder, spec, shell.user_ns, error, shell.shown)
    return error
