"""What a job gets from where it is submitted: environment, working directory, interpreter, module path."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["carried_environment", "module_path", "surroundings"]

_KERNELS_OWN = (
    "JUPYTER",
    "JPY_",
    "TRACKSIDE_JOB_ID",
    "TRACKSIDE_RUN_",
    "TRACKSIDE_ATTEMPT",
    "TRACKSIDE_TOKEN",
    "TRACKSIDE_CA_CERT",
    "TRACKSIDE_CLIENT_",
)
_INLINE = "matplotlib_inline"


def carried_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment without what belongs to this kernel alone: Jupyter's variables, tokens, its drawing."""
    variables = os.environ if environ is None else environ
    return {
        name: value
        for name, value in variables.items()
        if not name.startswith(_KERNELS_OWN) and not (name == "MPLBACKEND" and _INLINE in value)
    }


def module_path() -> list[str]:
    """Return ``sys.path`` with real folders: the empty entry, which means wherever one is, becomes this folder."""
    return list(dict.fromkeys(str(Path.cwd()) if entry == "" else entry for entry in sys.path))


def surroundings(*, python: bool) -> dict[str, object]:
    """Return the fields of a submission that say where it comes from; ``python``: it runs code of this interpreter."""
    fields: dict[str, object] = {"environment": carried_environment(), "workdir": str(Path.cwd())}
    if python:
        fields |= {"python": sys.executable, "sys_path": module_path()}
    return fields
