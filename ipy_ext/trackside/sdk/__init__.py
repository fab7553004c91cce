"""Jobs in Python: ``submit`` one, follow it by its ``Job``, take its results."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trackside.sdk.functions import JobFunction, invoke, map, on  # noqa: A004  # as in concurrent.futures
    from trackside.sdk.job import Job, job
    from trackside.sdk.submit import submit
    from trackside.sdk.waiting import as_completed, wait

__all__ = ["Job", "JobFunction", "as_completed", "invoke", "job", "map", "on", "submit", "wait"]

_HOMES = {
    "Job": "job",
    "JobFunction": "functions",
    "as_completed": "waiting",
    "invoke": "functions",
    "map": "functions",
    "on": "functions",
    "wait": "waiting",
}


def __getattr__(name: str) -> object:
    """Load a name when it is first used: a notebook that only logs needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"trackside.sdk.{_HOMES.get(name, name)}"), name)
