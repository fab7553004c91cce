"""A job in the hand: what it is, where it stands now, and what can be done with it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from trackside.errors import TryAgain
from trackside.models import Artifact, Reason, Status
from trackside.models import Job as JobFacts
from trackside.sdk.connection import default_client
from trackside.sdk.secrets import secret_value
from trackside.sdk.standing import label, state, summary_line

if TYPE_CHECKING:
    from pandas import DataFrame

    from trackside.cells.locals import Locals
    from trackside.client import Client
    from trackside.tracking.reading.table import Library

__all__ = ["MIME_TYPE", "Job", "job"]

MIME_TYPE = "application/vnd.trackside.run+json"
_FRESH = 0.2
_log = logging.getLogger(__name__)


def job(reference: str | int, *, client: Client | None = None) -> Job:
    """Return an existing job, from any kernel: by its id (``"job-41"``, ``41``) or its name."""
    client = client or default_client()
    return Job(client.jobs.get(reference), client)


class Job:
    """A handle on one job. Its properties are as fresh as the server; they change until the job has ended.

    While the server cannot be reached, properties keep what was last known; ``refresh`` says that it cannot.
    """

    def __init__(self, facts: JobFacts, client: Client) -> None:
        self._facts = facts
        self._client = client
        self._seen_at = time.monotonic()

    # What never changes

    @property
    def id(self) -> str:
        """The id, such as ``"job-41"``; it stays through all attempts."""
        return self._facts.id

    @property
    def uuid(self) -> str:
        """An id that no other job anywhere has."""
        return self._facts.uuid

    @property
    def home_id(self) -> str:
        """The id of the home that the job lives in."""
        return self._facts.home_id

    @property
    def name(self) -> str:
        """The name."""
        return self._facts.name

    @property
    def run_id(self) -> str:
        """The id of the job's run."""
        return self._facts.run_id

    @property
    def run_dir(self) -> Path:
        """The folder with the run's log, metrics, artifacts and results."""
        return Path(self._facts.run_dir)

    @property
    def client(self) -> Client:
        """The client that it is followed through."""
        return self._client

    # What changes

    @property
    def known(self) -> JobFacts:
        """What was last heard of the job; nobody is asked."""
        return self._facts

    @property
    def facts(self) -> JobFacts:
        """All that the server says of the job, now."""
        if not self._facts.is_terminal and time.monotonic() - self._seen_at > _FRESH:
            try:
                self.refresh()
            except TryAgain as error:
                self._seen_at = time.monotonic()
                _log.debug("%s stays as last known: %s", self.id, error)
        return self._facts

    @property
    def status(self) -> Status:
        """One of scheduled, pending, running, completed, failed, cancelled."""
        return self.facts.status

    @property
    def reason(self) -> Reason | None:
        """Why the job ended other than completed, else None."""
        return self.facts.reason

    @property
    def message(self) -> str:
        """One sentence: why it waits, what it does, how it ended."""
        return self.facts.message

    @property
    def exit_code(self) -> int | None:
        """As ``subprocess`` gives it (-9 for SIGKILL); None while unfinished and where it cannot be known."""
        return self.facts.exit_code

    @property
    def gpus(self) -> list[str]:
        """The GPUs that the job holds or held."""
        return list(self.facts.gpus)

    @property
    def gpu_hours(self) -> float:
        """The hours of GPUs that it took, over all attempts; of a running job up to now."""
        return self.facts.gpu_hours

    @property
    def cost_per_hour(self) -> float | None:
        """What an hour of it costs by the site's prices, in ``facts.currency``; None where the site has none."""
        return self.facts.cost_per_hour

    @property
    def cost(self) -> float | None:
        """What it cost so far, over all attempts; None where the site has no prices."""
        return self.facts.cost

    @property
    def is_running(self) -> bool:
        """Whether its process runs now."""
        return self.facts.is_running

    @property
    def is_terminal(self) -> bool:
        """Whether it has ended."""
        return self.facts.is_terminal

    def state(self) -> str:
        """Return where it stands, in a few words: ``"running · 03:12"``."""
        return state(self.facts, datetime.now(UTC))

    @property
    def label(self) -> str:
        """Name and id, or the id alone where there is no other name."""
        return label(self._facts)

    def refresh(self) -> Job:
        """Ask the server, also about a job that has ended (it may have been retried); return the job itself."""
        return self._take(self._client.jobs.get(self.id))

    def update(self, facts: JobFacts) -> None:
        """Take news of this job that came another way, such as an event."""
        if facts.uuid == self.uuid:
            self._take(facts)

    # What can be done

    def wait(self, timeout: float | None = None) -> Job:
        """Wait until it has ended, however it ended; return the job itself.

        Raises WaitTimeout (also a TimeoutError) after ``timeout`` seconds; the job goes on.
        """
        return self if self._facts.is_terminal else self._take(self._client.jobs.wait(self.id, timeout))

    def cancel(self) -> Job:
        """Ask for it to be stopped: TERM, its grace time, then KILL; return the job itself at once."""
        return self._take(self._client.jobs.cancel(self.id))

    stop = cancel

    def retry(self, secrets: Mapping[str, str] | None = None, **changes: object) -> Job:
        """Queue a finished job again, as a new attempt under the same id; return the job itself.

        ``changes`` are resources from now on, such as ``memory="16G"``: gpus, gpu_memory, cpus, cores, memory, time,
        priority.

        The values of its ``secrets`` were erased when it started: those that are not given here are taken from the
        environment, else asked for.
        """
        names = [name for name in self._facts.spec.secrets if not secrets or name not in secrets]
        if names and not self.refresh().is_terminal:
            names = []  # the server says why it cannot be retried; nobody need type for that
        values = {**(secrets or {}), **{name: secret_value(name) for name in names}}
        return self._take(self._client.jobs.retry(self.id, secrets=values or None, **changes))

    def delete(self) -> None:
        """Delete a finished job and its run folder for good."""
        self._client.jobs.delete(self.id)

    def explain(self) -> str:
        """Return why it stands where it stands; for a waiting job, what it waits for."""
        explanation = self._client.jobs.explain(self.id)
        blockers = [blocker.message for blocker in explanation.blockers if blocker.message not in explanation.message]
        return "\n".join([explanation.message, *blockers])

    # What it leaves

    @overload
    def logs(self, follow: Literal[False] = False, tail: int | None = 100, binary: Literal[False] = False) -> str: ...
    @overload
    def logs(self, follow: Literal[False] = False, tail: int | None = 100, *, binary: Literal[True]) -> bytes: ...
    @overload
    def logs(self, follow: Literal[True], tail: int | None = 100, binary: Literal[False] = False) -> Iterator[str]: ...
    @overload
    def logs(self, follow: Literal[True], tail: int | None = 100, *, binary: Literal[True]) -> Iterator[bytes]: ...

    def logs(
        self, follow: bool = False, tail: int | None = 100, binary: bool = False
    ) -> str | bytes | Iterator[str] | Iterator[bytes]:
        """Return the last ``tail`` lines of what it printed (None: all); with ``follow`` yield pieces until it ends."""
        return self._client.jobs.logs(self.id, follow=follow, tail=tail, binary=binary)  # type: ignore[call-overload, no-any-return]  # the same overloads

    def result(self, name: str | None = None, timeout: float | None = None) -> object:
        """Wait for the end and return a function's return, or for a cell the values of ``--out`` by name.

        Values are loaded from the run folder when they are asked for. Raises the function's own exception if it
        raised one, JobFailed when a job of another kind failed, NotFound for a name that did not come back.
        """
        from trackside.sdk.results import result_of

        self.wait(timeout)
        return result_of(self._facts, self._client, name)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the end and return what ``result`` would raise for it: None for a job that completed.

        For a function that is the exception that it raised itself, else JobFailed. Raises WaitTimeout.
        """
        from trackside.sdk.results import exception_of

        self.wait(timeout)
        return exception_of(self._facts, self._client)

    def done(self) -> bool:
        """Whether it has ended, however it ended; the same as ``is_terminal``, as ``concurrent.futures`` spells it."""
        return self.is_terminal

    def add_done_callback(self, callback: Callable[[Job], object]) -> None:
        """Call ``callback(job)`` when it has ended, in a thread of Trackside's; at once if it has.

        What a callback raises is logged and goes no further. Callbacks live as long as this process: for a word after
        that, submit with ``notify=True``.
        """
        from trackside.sdk.callbacks import call_at_end

        call_at_end(self, callback)

    def locals(self) -> Locals:
        """Return the variables that the job's code had when it failed, frame by frame, as short texts.

        Raises NotFound for a job that has not failed by an exception of Python code.
        """
        from trackside.sdk.results import locals_of

        return locals_of(self.facts)

    def metrics(
        self, keys: str | Sequence[str] | None = None, *, x: str = "step", library: Library = "pandas"
    ) -> DataFrame:
        """Return what it has logged so far: one row per step, one column per metric, NaN where nothing was logged.

        ``keys`` are the metrics that are wanted, ``x`` the axis: ``step``, ``time`` or a key, in pandas the index.
        ``library`` may also be ``"polars"``, which has null where nothing was logged. Raises NotFound for a key that
        nobody logged.
        """
        from trackside.sdk.results import metrics_of

        return metrics_of(self._facts, self._client, keys, x, library)

    @property
    def artifacts(self) -> list[Artifact]:
        """The files that it saved so far."""
        return list(self._client.runs.artifacts(self.run_id).artifacts)

    # How it shows itself

    def reference(self) -> dict[str, object]:
        """Return what names this job outside its home: the content of the bundle that a panel leaves in a notebook."""
        facts = self._facts
        names = {"home_id": facts.home_id, "uuid": facts.uuid, "run_id": facts.run_id, "name": facts.name}
        return {"version": 1, "kind": "job", **names}

    def __repr__(self) -> str:
        return f"<Job {summary_line(self.facts, datetime.now(UTC))}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        return {MIME_TYPE: self.reference(), "text/plain": repr(self)}

    def __eq__(self, other: object) -> bool:
        return self.uuid == other.uuid if isinstance(other, Job) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.uuid)

    def __reduce__(self) -> tuple[Callable[[str], Job], tuple[str]]:
        """Travel as a name: whoever unpickles it, in a job of the same home, asks the server anew."""
        return job, (self.id,)

    def __await__(self) -> Generator[object, None, Job]:
        """Wait for the end without blocking the event loop; gives the job itself."""
        return self._ended().__await__()

    async def _ended(self) -> Job:
        if not self._facts.is_terminal:
            from trackside.client import AsyncClient

            at = await asyncio.to_thread(self._client.address)
            async with AsyncClient(at.url, at.token, at.ca_cert, at.client_cert, at.client_key) as client:
                self._take(await client.jobs.wait(self.id))
        return self

    def _take(self, facts: JobFacts) -> Job:
        self._facts = facts
        self._seen_at = time.monotonic()
        return self
