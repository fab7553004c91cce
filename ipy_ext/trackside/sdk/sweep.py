"""A sweep: one job for each combination of values, submitted together, seen together."""

from __future__ import annotations

import re
import secrets as tokens
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, overload

from trackside.errors import InvalidInput
from trackside.models import STATUSES, parse_submission
from trackside.models import Job as JobFacts
from trackside.models.sweep import Scalar, checked, combinations, parse_sweep, spelled, titles
from trackside.sdk import measured
from trackside.sdk.connection import default_client
from trackside.sdk.goals import Goal, best, goal
from trackside.sdk.job import Job
from trackside.sdk.options import in_group
from trackside.sdk.uploading import uploaded_all, without_uploads

if TYPE_CHECKING:
    from pandas import DataFrame

    from trackside.client import Client
    from trackside.sdk.submit import Work

__all__ = ["Grid", "Sweep", "submit_sweep", "sweep", "sweep_fields"]

Grid = str | Mapping[str, Sequence[Scalar]]
_PLACE = re.compile(r"\{([A-Za-z_]\w*)\}")


def sweep(
    work: Work,
    grid: Grid,
    *,
    args: Sequence[object] | None = None,
    name: str | None = None,
    client: Client | None = None,
    **options: object,
) -> Sweep:
    """Submit ``work`` once for each combination of values: all of the jobs or none.

    ``grid``: ``"lr=0.1,0.01 seed=1..3"`` or ``{"lr": [0.1, 0.01], "seed": [1, 2, 3]}``. A notebook gets the values as its
    parameters, a script as arguments ``--lr 0.1``; where ``{lr}`` stands in arguments or a command, the value takes its
    place. Each job is called by what varies, has its values in ``config``, and all share a tag. ``options`` are those of
    ``trackside.submit``.

    Raises InvalidInput for what cannot be read, and for a command in which a name has no place.
    """
    from trackside.sdk.options import checked as checked_options
    from trackside.sdk.submit import fields_of

    if callable(work):
        raise InvalidInput("A function has no sweep.", hint="Write trackside.map(function, items).")
    fields = {**fields_of(work, args), **checked_options({"name": name, **options})}
    return submit_sweep(
        fields, parse_sweep(grid) if isinstance(grid, str) else checked(grid), client or default_client()
    )


def submit_sweep(fields: Mapping[str, object], grid: Mapping[str, Sequence[Scalar]], client: Client) -> Sweep:
    """Submit one job for each combination, in one request; values that were staged are shared by hard links."""
    from trackside.sdk.staging import shared_staging

    tag = f"sweep:{fields.get('name') or tokens.token_hex(3)}"
    submissions = sweep_fields(fields, grid, tag)
    parse_submission(without_uploads(submissions[0]))
    with shared_staging(client, fields.get("staging"), len(submissions)) as folders:
        for each, folder in zip(submissions, folders, strict=True):
            if folder is not None:
                each["staging"] = folder
        with uploaded_all(client, submissions) as complete:
            jobs = client.jobs.submit_many(complete)
    return Sweep([Job(job, client) for job in jobs], grid, tag, client)


def sweep_fields(
    fields: Mapping[str, object], grid: Mapping[str, Sequence[Scalar]], tag: str | None = None
) -> list[dict[str, object]]:
    """Return the submissions of a sweep. Pure."""
    name, config, tags = fields.get("name"), fields.get("config") or {}, fields.get("tags") or []
    if not isinstance(config, Mapping) or not isinstance(tags, Sequence):
        raise InvalidInput("config is no mapping, or tags is no list.")
    fields = in_group(fields, "sweep")
    return [
        {
            **_placed(fields, chosen),
            "name": f"{name} {title}" if name else title,
            "config": {**config, **chosen},
            "tags": [*tags, *([tag] if tag else [])],
        }
        for title, chosen in zip(titles(grid), combinations(grid), strict=True)
    ]


def _placed(fields: Mapping[str, object], chosen: Mapping[str, Scalar]) -> dict[str, object]:
    """Return the fields with the values where this kind of work takes them."""
    if fields.get("cell") is not None or fields.get("notebook") is not None:
        params = fields.get("params") or {}
        return {**fields, "params": {**(params if isinstance(params, Mapping) else {}), **chosen}}
    if fields.get("script") is not None:
        given = [str(arg) for arg in fields.get("args") or ()]  # type: ignore[attr-defined]  # a list, as it was read
        filled, used = _filled(given, chosen)
        more = [part for name, value in chosen.items() if name not in used for part in (f"--{name}", spelled(value))]
        return {**fields, "args": [*filled, *more]}
    command = fields.get("command")
    parts = [command] if isinstance(command, str) else [str(part) for part in command or ()]  # type: ignore[attr-defined]
    filled, used = _filled(parts, chosen, quote=shlex.quote if isinstance(command, str) else str)
    for name in chosen:
        if name not in used:
            raise InvalidInput(
                f"{name} varies, but the command has no place for it.", hint=f"Write {{{name}}} where its value goes."
            )
    return {**fields, "command": filled[0] if isinstance(command, str) else filled}


def _filled(
    parts: Sequence[str], chosen: Mapping[str, Scalar], quote: Callable[[str], str] = str
) -> tuple[list[str], set[str]]:
    """Put values where ``{name}`` stands; other braces stay. ``quote`` makes one word of a value for a shell."""
    used: set[str] = set()

    def value(found: re.Match[str]) -> str:
        if found[1] not in chosen:
            return found[0]
        used.add(found[1])
        return quote(spelled(chosen[found[1]]))

    return [_PLACE.sub(value, part) for part in parts], used


class Sweep(Sequence[Job]):
    """The jobs of a sweep, in the order of their values. ``grid`` has the values by name, ``tag`` finds the jobs later."""

    def __init__(self, jobs: Sequence[Job], grid: Mapping[str, Sequence[Scalar]], tag: str, client: Client) -> None:
        self.jobs = list(jobs)
        self.grid = {name: list(values) for name, values in grid.items()}
        self.tag = tag
        self._client = client

    def __repr__(self) -> str:
        standing = Counter(job.status for job in self.refresh().facts)
        states = [f"{standing[word]} {word}" for word in STATUSES if standing[word]]
        values = ", ".join(f"{name} {', '.join(map(spelled, values))}" for name, values in self.grid.items())
        return f"<Sweep of {len(self)} jobs over {values}; {', '.join(states)}; tag {self.tag}>"

    @overload
    def __getitem__(self, place: int) -> Job: ...

    @overload
    def __getitem__(self, place: slice) -> list[Job]: ...

    def __getitem__(self, place: int | slice) -> Job | list[Job]:
        return self.jobs[place]

    def __len__(self) -> int:
        return len(self.jobs)

    @property
    def facts(self) -> list[JobFacts]:
        """What is known of each job; ``refresh`` asks for all at once."""
        return [job.known for job in self.jobs]

    def refresh(self) -> Sweep:
        """Ask the server, in few requests, where the jobs stand that had not ended; return the sweep itself."""
        open_jobs = {job.id: job for job in self.jobs if not job.known.is_terminal}
        if open_jobs:
            for facts in self._client.jobs.iterate(tag=self.tag):
                found = open_jobs.pop(facts.id, None)
                if found is not None:
                    found.update(facts)
                if not open_jobs:
                    break
        return self

    def wait(self, timeout: float | None = None) -> Sweep:
        """Return once all jobs have ended, however they ended. Raises WaitTimeout; the jobs go on."""
        facts = self._client.jobs.wait([job.id for job in self.jobs], timeout)
        for job, ended in zip(self.jobs, facts, strict=True):
            job.update(ended)
        return self

    def cancel(self) -> None:
        """Stop the jobs that have not ended."""
        for job in self.refresh().jobs:
            if not job.known.is_terminal:
                job.cancel()

    def table(self) -> DataFrame:
        """Return one row for each job: the values, ``status``, and ``KEY.last``, ``KEY.min``, ``KEY.max`` of each metric."""
        from trackside.client.frames import need_library

        need_library("pandas")
        import pandas as pd

        columns: dict[str, list[object]] = {
            name: [chosen[name] for chosen in combinations(self.grid)] for name in self.grid
        }
        columns["status"] = [job.status for job in self.refresh().facts]
        found = measured.series_of(self._client, [job.run_id for job in self.jobs])
        return pd.DataFrame(
            {**columns, **measured.columns(found)}, index=pd.Index([job.id for job in self.jobs], name="job")
        )

    def best(self, key: str, towards: Goal | None = None) -> Job:
        """Return the job whose metric was best: least for a loss, greatest for an accuracy.

        ``towards`` (``"min"`` or ``"max"``) says it where the name does not. Raises NotFound when no job logged it.
        """
        from trackside.errors import NotFound

        end = towards or goal(key)
        if end is None:
            raise InvalidInput(
                f"Whether less or more of {key} is better is not known.", hint='Say towards="min" or "max".'
            )
        found = measured.series_of(self._client, [job.run_id for job in self.jobs], [key])
        place = best(measured.facts(found, key, end), end)
        if place is None:
            raise NotFound(f"No job of this sweep logged {key!r} yet.", hint="sweep.table() shows what they logged.")
        return self.jobs[place]
