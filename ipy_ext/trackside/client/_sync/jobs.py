# Generated from trackside/client/_async by `python -m trackside.client.generate`; edit there.
"""Jobs: submit, look, wait, follow, stop."""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Literal, overload

import msgspec

from trackside.client._sync.connection import Connection
from trackside.client._sync.ending import ends
from trackside.client._sync.log import follow_bytes, follow_text, read_log
from trackside.client._sync.pages import every_job
from trackside.client.fields import Fields, body
from trackside.client.parts import artifact_path
from trackside.client.pieces import pieces
from trackside.client.reference import Reference, is_one, joined, name_of, one_or_more, segment
from trackside.client.waiting import Flow
from trackside.errors import InvalidInput
from trackside.models import Explanation, Job, JobPage, LogMatches
from trackside.models.gaps import gaps_told
from trackside.models.job import DryRun

__all__ = ["Jobs"]


class Jobs:
    """The jobs of a server. Where a job is asked for, its id, its number, its name or its value will do; of several with one
    name the newest is meant, and ``cancel``, ``retry`` and ``delete`` want the id where more than one can be."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @overload
    def submit(self, fields: Fields, *, idempotency_key: str | None = None, dry_run: Literal[False] = False) -> Job: ...

    @overload
    def submit(self, fields: Fields, *, idempotency_key: str | None = None, dry_run: Literal[True]) -> DryRun: ...

    def submit(self, fields: Fields, *, idempotency_key: str | None = None, dry_run: bool = False) -> Job | DryRun:
        """Submit one job; it is durable when this returns.

        ``fields`` are the keyword names of ``trackside.submit``, or a ``JobSpec``. The same ``idempotency_key``
        makes one job, however often it is sent; each call without one makes a job of its own, exactly one even if
        the connection breaks. With ``dry_run`` nothing is made and the answer says what would be.
        """
        if dry_run:
            return self._connection.value(
                "POST", "jobs", DryRun, params={"dry_run": 1}, content=body(fields), repeat=True
            )
        return self._connection.value(
            "POST", "jobs", Job, content=body(fields), headers=_once(idempotency_key), repeat=True
        )

    def submit_many(self, fields: Iterable[Fields], *, idempotency_key: str | None = None) -> builtins.list[Job]:
        """Submit jobs, all or none of them; they come back in the order given."""
        given = list(fields)
        if not given:
            return []
        return self._connection.value(
            "POST", "jobs", list[Job], content=body(given), headers=_once(idempotency_key), repeat=True
        )

    def upload(self, staging: str, path: str, content: bytes | Path) -> int:
        """Write a file below a staging folder that a submission will name; return its size in bytes.

        ``content`` is sent in pieces of some megabytes. After an error, begin anew: the first piece empties the file.
        """
        offset = 0
        for piece in pieces(content):
            self._connection.answer(
                "PUT", f"uploads/{segment(staging)}/{artifact_path(path)}", params={"offset": offset}, content=piece,
                headers={"Content-Type": "application/octet-stream"},
            )  # fmt: skip
            offset += len(piece)
        return offset

    def get(self, job: Reference) -> Job:
        """Return the job as it is now."""
        return self._connection.get(f"jobs/{segment(job)}", Job)

    def list(
        self,
        *,
        status: str | Iterable[str] | None = None,
        tag: str | None = None,
        name: str | None = None,
        order: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> JobPage:
        """Return one page of jobs, newest first; its ``next`` is the cursor of the following page.

        ``order="queue"``: only those that wait, the next to start first.
        """
        params = {"status": joined(status), "tag": tag, "name": name, "limit": limit, "cursor": cursor, "order": order}
        return self._connection.get("jobs", JobPage, params)

    def iterate(
        self, *, status: str | Iterable[str] | None = None, tag: str | None = None, name: str | None = None
    ) -> Flow[Job]:
        """Yield all jobs, newest first, page by page as they are taken."""
        with closing(every_job(self._connection, {"status": joined(status), "tag": tag, "name": name})) as jobs:
            yield from jobs

    def cancel(self, job: Reference) -> Job:
        """Ask for a waiting or running job to be stopped; returns at once, the job ends within its grace time."""
        return self._connection.value("POST", f"jobs/{segment(job)}/cancel", Job)

    def retry(self, job: Reference, *, secrets: Mapping[str, str] | None = None, **changes: object) -> Job:
        """Queue a finished job again as its next attempt; the id stays.

        ``secrets`` are those of the job, by name: their values were erased when it started. ``changes`` are resources
        for this and later attempts: gpus, gpu_memory, cpus, cores, memory, time, priority.
        """
        asked = {**changes, "secrets": secrets} if secrets else changes
        content = body(asked) if asked else None
        return self._connection.value("POST", f"jobs/{segment(job)}/retry", Job, content=content)

    def move(self, job: Reference, *, before: Reference | None) -> builtins.list[Job]:
        """Put a waiting job right before another one in the queue, or behind all (None).

        Returns every job whose priority changed for it. Raises Conflict when one of the two waits no more.
        """
        content = msgspec.json.encode({"before": None if before is None else name_of(before)})
        return self._connection.value("POST", f"jobs/{segment(job)}/move", list[Job], content=content)

    def delete(self, job: Reference) -> None:
        """Delete a finished job with its run folder; Conflict while it is unfinished."""
        self._connection.answer("DELETE", f"jobs/{segment(job)}")

    def explain(self, job: Reference) -> Explanation:
        """Return why the job stands where it stands, and what it waits for."""
        return self._connection.get(f"jobs/{segment(job)}/explain", Explanation)

    @overload
    def logs(
        self,
        job: Reference,
        *,
        follow: Literal[False] = False,
        tail: int | None = None,
        offset: int | None = None,
        binary: Literal[False] = False,
    ) -> str: ...

    @overload
    def logs(
        self,
        job: Reference,
        *,
        follow: Literal[False] = False,
        tail: int | None = None,
        offset: int | None = None,
        binary: Literal[True],
    ) -> bytes: ...

    @overload
    def logs(
        self,
        job: Reference,
        *,
        follow: Literal[True],
        tail: int | None = None,
        offset: int | None = None,
        binary: Literal[False] = False,
    ) -> Flow[str]: ...

    @overload
    def logs(
        self,
        job: Reference,
        *,
        follow: Literal[True],
        tail: int | None = None,
        offset: int | None = None,
        binary: Literal[True],
    ) -> Flow[bytes]: ...

    def logs(
        self,
        job: Reference,
        *,
        follow: bool = False,
        tail: int | None = None,
        offset: int | None = None,
        binary: bool = False,
    ) -> str | bytes | Flow[str] | Flow[bytes]:
        """Return the output so far, or with ``follow`` yield it piece by piece until the job ends.

        ``tail`` begins so many lines before the end, ``offset`` at a byte. Text is UTF-8 with replacement, and a line
        stands for what ``max_output`` did not let be kept; ``binary`` gives the bytes as they are in the file.
        """
        name = segment(job)
        if follow and binary:
            return follow_bytes(self._connection, name, tail=tail, offset=offset)
        if follow:
            return follow_text(self._connection, name, tail=tail, offset=offset)
        if binary:
            return read_log(self._connection, name, tail=tail, offset=offset)
        return self._text(name, tail, offset)

    def search_log(
        self,
        job: Reference,
        text: str,
        *,
        before: int | None = None,
        limit: int = 100,
        ignore_case: bool = False,
    ) -> LogMatches:
        """Return the last lines of the output that hold ``text``, the last one first; ``before`` looks further back.

        One search takes at most about half a second: the answer's ``next``, unless None, is the ``before`` to go on
        with, also where nothing was found yet.
        """
        params = {"text": text, "before": before, "limit": limit, "ignore_case": 1 if ignore_case else None}
        return self._connection.get(f"jobs/{segment(job)}/log/search", LogMatches, params)

    @overload
    def wait(  # type: ignore[overload-overlap]  # a text is one name, never the letters of it
        self,
        jobs: Reference,
        timeout: float | None = None,
    ) -> Job: ...

    @overload
    def wait(
        self,
        jobs: Iterable[Reference],
        timeout: float | None = None,
    ) -> builtins.list[Job]: ...

    def wait(
        self,
        jobs: Reference | Iterable[Reference],
        timeout: float | None = None,
    ) -> Job | builtins.list[Job]:
        """Return the job once it has ended, however it ended; for several jobs all of them, in the order given.

        Raises WaitTimeout after ``timeout`` seconds; the jobs go on.
        """
        given = one_or_more(jobs)
        ended = dict(ends(self._connection, given, timeout))
        found = [ended[position] for position in range(len(given))]
        return found[0] if is_one(jobs) else found

    def as_completed(
        self,
        jobs: Iterable[Reference],
        timeout: float | None = None,
    ) -> Flow[Job]:
        """Yield each job as it ends, those that have ended already first; as ``concurrent.futures.as_completed``."""
        with closing(ends(self._connection, one_or_more(jobs), timeout)) as found:
            for _, job in found:
                yield job

    def _text(self, job: str, tail: int | None, offset: int | None) -> str:
        content = read_log(self._connection, job, tail=tail, offset=offset)
        return gaps_told(content).decode("utf-8", "replace")


def _once(idempotency_key: str | None) -> dict[str, str]:
    """Name the submission, so that it may be sent again when the connection breaks before the answer."""
    key = os.urandom(16).hex() if idempotency_key is None else idempotency_key
    if not key or not key.isascii() or not key.isprintable() or len(key) > 255:
        raise InvalidInput(f"idempotency_key: {key!r} cannot be sent.", hint="Use up to 255 letters, digits and signs.")
    return {"Idempotency-Key": key}
