"""Wait for several jobs, as ``concurrent.futures`` waits for futures."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from trackside.errors import InvalidInput, WaitTimeout
from trackside.sdk.connection import default_client
from trackside.sdk.job import Job

if TYPE_CHECKING:
    from trackside.client import Client

__all__ = ["DoneAndNotDone", "as_completed", "wait"]

ReturnWhen = Literal["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"]
_WHENS = ("ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION")


class DoneAndNotDone(NamedTuple):
    """The jobs that have ended, and those that have not."""

    done: set[Job]
    not_done: set[Job]


def wait(
    jobs: Iterable[Job | str | int], timeout: float | None = None, return_when: ReturnWhen = "ALL_COMPLETED"
) -> DoneAndNotDone:
    """Wait until all jobs have ended, the first has, or the first has failed; return both sets.

    After ``timeout`` seconds they are returned as they are then, as ``concurrent.futures.wait`` does.
    """
    if return_when not in _WHENS:
        raise InvalidInput(f"return_when: {return_when!r} is not known.", hint=f"Write one of {', '.join(_WHENS)}.")
    waiting = _handles(jobs)
    done: set[Job] = set()
    try:
        for job in as_completed(waiting, timeout):
            done.add(job)
            if return_when == "FIRST_COMPLETED" or (return_when == "FIRST_EXCEPTION" and job.status == "failed"):
                break
    except WaitTimeout:
        pass  # the caller sees it in not_done
    return DoneAndNotDone(done, set(waiting) - done)


def as_completed(jobs: Iterable[Job | str | int], timeout: float | None = None) -> Iterator[Job]:
    """Yield each job as it ends, those that have ended already first.

    Raises WaitTimeout (also a TimeoutError) when they have not all ended after ``timeout`` seconds.
    """
    until = None if timeout is None else time.monotonic() + timeout
    by_client: dict[Client, dict[str, list[Job]]] = {}
    for job in dict.fromkeys(_handles(jobs)):
        by_client.setdefault(job.client, {}).setdefault(job.id, []).append(job)
    for client, handles in by_client.items():
        left = None if until is None else max(0.0, until - time.monotonic())
        for facts in client.jobs.as_completed(list(handles), left):
            for job in handles[facts.id]:
                job.update(facts)
                yield job


def _handles(jobs: Iterable[Job | str | int]) -> list[Job]:
    if isinstance(jobs, (Job, str, int)):
        jobs = [jobs]
    client = default_client()
    return [job if isinstance(job, Job) else Job(client.jobs.get(job), client) for job in jobs]
