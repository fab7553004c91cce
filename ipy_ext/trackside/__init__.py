"""Trackside puts notebook cells on the side track: jobs that outlive kernel and server, with live metrics.

In a notebook: ``%load_ext trackside``, then ``%%submit`` over a cell. In a script: ``run = trackside.init()``,
``run.log({"loss": loss}, step=i)``. The names below are loaded when they are first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from trackside import errors
    from trackside.client import AsyncClient, Client
    from trackside.sdk.functions import invoke, map, on  # noqa: A004  the name of concurrent.futures
    from trackside.sdk.job import Job, job
    from trackside.sdk.submit import submit
    from trackside.sdk.sweep import sweep
    from trackside.sdk.waiting import as_completed, wait
    from trackside.tracking import Run, init, log, progress

    __version__: str

__all__ = [
    "AsyncClient", "Client", "Job", "Run", "as_completed", "errors", "init", "invoke", "job", "log", "map", "on",
    "progress", "submit", "sweep", "wait",
]  # fmt: skip

_HOMES = {
    "AsyncClient": "client",
    "Client": "client",
    "Job": "sdk.job",
    "Run": "tracking.run",
    "as_completed": "sdk.waiting",
    "errors": "",
    "init": "tracking.current",
    "invoke": "sdk.functions",
    "job": "sdk.job",
    "log": "tracking.current",
    "map": "sdk.functions",
    "on": "sdk.functions",
    "progress": "tracking.current",
    "submit": "sdk.submit",
    "sweep": "sdk.sweep",
    "wait": "sdk.waiting",
}


def __getattr__(name: str) -> object:
    """Load a name when it is first used."""
    from importlib import import_module

    if name == "__version__":
        from importlib.metadata import version

        found: object = version("trackside")
    elif name == "errors":
        return import_module("trackside.errors")
    elif name in _HOMES:
        found = getattr(import_module(f"trackside.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module 'trackside' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__", *globals()])


def load_ipython_extension(ip: Any) -> None:
    """Load the magics (``%load_ext trackside``)."""
    from trackside.magics import load_ipython_extension as load

    load(ip)


def unload_ipython_extension(ip: Any) -> None:
    """Take the magics out again (``%unload_ext trackside``)."""
    from trackside.magics import unload_ipython_extension as unload

    unload(ip)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab where the prebuilt extension lies in a source tree."""
    return [{"src": "../../labextension/dist", "dest": "trackside"}]
