"""What a job leaves: the values that it brought back, or why it did not; its metrics."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trackside.cells.function_job import RESULT
from trackside.cells.outcome import EXCEPTION
from trackside.cells.results import Results
from trackside.errors import InvalidInput, JobFailed, NotFound
from trackside.models import Job
from trackside.sdk.standing import short_id
from trackside.tracking.folder import RunFolder

if TYPE_CHECKING:
    from pandas import DataFrame

    from trackside.cells.locals import Locals
    from trackside.client import Client
    from trackside.tracking.reading.table import Library

__all__ = ["exception_of", "locals_of", "metrics_of", "result_of", "results_said"]

_LAST_LINES = 20


def result_of(job: Job, client: Client, name: str | None) -> object:
    """Return one value of a job that has ended, a function's return, or with no name all values of a cell."""
    folder = _folder_here(job)
    results = Results(folder.results)
    if job.status != "completed":
        raise _failure(job, results, client)
    if job.spec.function is not None:
        return results.load(name or RESULT)
    if not job.spec.outputs:
        raise NotFound(
            f"Nothing was to come back from {job.id}.",
            hint="Name what should, with --out or outputs=.",
            code="no_result",
        )
    return results if name is None else results.load(name)


def exception_of(job: Job, client: Client) -> BaseException | None:
    """Return what stands for the failure of a job that has ended, None for one that completed."""
    return None if job.status == "completed" else _failure(job, Results(_folder_here(job).results), client)


def locals_of(job: Job) -> Locals:
    """Return the variables of each frame that the failure of a job went through."""
    folder = _folder_here(job)
    found = Results(folder.results).locals()
    if not found:
        raise NotFound(
            f"No variables were kept of {job.id}: {_no_locals(job)}.", hint="job.logs() says what it printed."
        )
    return found


def _no_locals(job: Job) -> str:
    return "it has not failed" if job.status != "failed" else "its end was no exception of Python code"


def results_said(job: Job) -> str:
    """Return one line for each value that a cell brought back, with type and size; nothing is loaded for it."""
    folder = _local_folder(job) if job.spec.outputs else None
    return Results(folder.results).describe() if folder is not None else ""


def _failure(job: Job, results: Results, client: Client) -> BaseException:
    """Return what a function raised itself, for other jobs the sentence and what they printed at the end."""
    if job.spec.function is not None and (error := results.exception()) is not None:
        return error
    why = f": {job.reason.message.rstrip('.')}" if job.reason and job.reason.message else ""
    said = _traceback(results) or client.jobs.logs(job.id, tail=_LAST_LINES).rstrip()
    variables = f'\n\ntrackside.job("{job.id}").locals() shows the variables.' if results.locals() else ""
    return JobFailed(
        f"job {short_id(job.id)} ({job.name}) {job.status}{why}.",
        hint=f"It said at the end:\n{said}{variables}" if said else "",
        code=job.reason.code if job.reason else None,
    )


def _traceback(results: Results) -> str:
    try:
        raw = json.loads((results.path / EXCEPTION).read_bytes())
    except (OSError, ValueError):
        return ""
    return str(raw.get("traceback") or "").rstrip()


def metrics_of(job: Job, client: Client, keys: str | Sequence[str] | None, x: str, library: Library) -> DataFrame:
    """Return what the run has logged as a table."""
    from trackside.sdk.table import frame_of_folder, frame_of_records
    from trackside.tracking.reading.table import need, wanted_keys

    need(library)
    wanted = wanted_keys(keys, x)
    folder = _local_folder(job)
    if folder is None:
        return frame_of_records(client.runs.records(job.run_id), wanted, x, library, job.run_id)
    return frame_of_folder(folder, wanted, x, library)


def _folder_here(job: Job) -> RunFolder:
    folder = _local_folder(job)
    if folder is None:
        raise InvalidInput(
            f"The values of {job.id} lie in {job.run_dir}, which is not on this machine.",
            hint="Ask for them where the server runs.",
            code="not_this_machine",
        )
    return folder


def _local_folder(job: Job) -> RunFolder | None:
    """Return the run's folder if this machine has it: the very one, not one of the same name."""
    folder = RunFolder(Path(job.run_dir))
    return folder if folder.read_meta().get("uuid") == job.uuid else None
