"""The run that ``trackside.log`` writes to: the newest open one of this process, in a job the job's."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from trackside.errors import NotFound
from trackside.tracking.ending import open_runs
from trackside.tracking.run import Run, job_folder
from trackside.tracking.steps import steps

__all__ = ["current_run", "init", "log", "progress"]

T = TypeVar("T")

_lock = threading.RLock()
_last: Run | None = None
"""The run that ``init`` made last."""


def init(
    name: str | None = None,
    config: object = None,
    tags: Sequence[str] | None = None,
    system_metrics: bool = True,
    capture_git: bool = True,
    capture_pip: bool = True,
    *,
    system_interval: float = 10.0,
) -> Run:
    """Begin a tracked run and make it the current one; in a job, take up the job's run.

    The arguments are those of ``Run``. In a job that has its run open in this process already, name, config and
    tags are added to it. Use it as a context manager, call ``finish()``, or do nothing: a run ends with its
    process, as ``failed`` with the reason when that ends by an exception or a signal.
    """
    global _last
    with _lock:
        folder = job_folder()
        run = open_runs[-1] if open_runs else None
        if folder is not None and run is not None and run.run_dir == folder.path:
            run.describe(name, config, tags)
            return run
        _last = Run(name, config, tags, system_metrics, capture_git, capture_pip, system_interval=system_interval)
        return _last


def log(metrics: Mapping[str, Any], step: float | None = None) -> None:
    """Append one record of metrics to the current run; in a job to the job's. See ``Run.log``.

    Raises NotFound when there is no current run, RunClosedError when it is finished.
    """
    try:
        run = open_runs[-1]
    except IndexError:
        run = current_run()
    run.log(metrics, step)


def current_run() -> Run:
    """Return the newest open run, in a job the job's, made if need be; the last one when all are finished.

    Raises NotFound when this process never had one.
    """
    run = open_runs[-1] if open_runs else None
    if run is None and job_folder() is not None:
        return init()
    run = run or _last
    if run is None:
        raise NotFound("There is no current run.", hint="Call trackside.init() first.", code="no_run")
    return run


def progress(items: Iterable[T], total: int | None = None, *, label: str = "") -> Iterator[T]:
    """Yield the items, and show how far they are in the current run's panel and in a terminal.

    ``total`` is their number where they do not know it. Without a current run only a terminal sees it.
    """
    try:
        shown = current_run().shown_progress()
    except NotFound:
        shown = None
    return steps(items, total, label, shown)
