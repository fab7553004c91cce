"""``%%submit`` over a cell, ``%submit`` for a script, a notebook or a command."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from trackside.errors import InvalidInput
from trackside.magics import usages
from trackside.magics.options import Arguments, read_arguments
from trackside.magics.sweeps import grid_of, listed, shown_sweep, unread
from trackside.magics.values import config_of, env_of, existing_file, params_of, secrets_of, workdir_of
from trackside.magics.verbs import follow, refuse_failure

if TYPE_CHECKING:
    from trackside.cells.carry import CarryPlan
    from trackside.magics.session import Session
    from trackside.models.sweep import Scalar
    from trackside.sdk.job import Job
    from trackside.sdk.sweep import Sweep

__all__ = ["submit_cell", "submit_line"]

_SHELL = re.compile(r"[|&;<>()$`*?\[\]~{}\n]")
_TEXTS = (
    "name", "gpus", "gpu-memory", "cpus", "cores", "memory", "time", "max-iops", "max-output", "max-processes",
    "max-cost-per-hour", "group", "max-parallel", "priority", "grace", "at", "retries",
)  # fmt: skip
_SWITCHES = ("share-gpu", "requeue", "notify")


def submit_cell(session: Session, line: str, cell: str) -> Job | Sweep | None:
    """Submit the cell with what it reads; return the job, or the sweep, unless nothing is to be shown."""
    from trackside.cells.staging import stage
    from trackside.sdk.staging import staged
    from trackside.sdk.surroundings import surroundings
    from trackside.sdk.sweep import submit_sweep

    arguments = read_arguments(usages.SUBMIT, line)
    if arguments.rest is not None:
        raise InvalidInput("%%submit takes options only; -- is for %submit.", hint="The cell is what runs.")
    if not cell.strip():
        raise InvalidInput("The cell is empty below %%submit.", hint="What stands there is what runs.")
    outputs = arguments.names("out")
    fields = {
        **surroundings(python=True),
        **_fields(session, arguments),
        "cell": f"\n{cell}",
        "outputs": outputs or None,
    }
    grid = grid_of(arguments)
    _check(fields, grid)
    with _planned(session, cell, arguments, grid) as plan:
        if arguments.has("dry-run"):
            _dry_run(session, fields, plan, grid)
            return None
        with staged(session.client, lambda home: stage(plan, home=home)) as staging:
            if grid:
                sweep = submit_sweep({**fields, **staging}, grid, session.client)
            else:
                job = _submitted(session, {**fields, **staging})
    if grid:
        return shown_sweep(session, sweep, arguments, _carried(plan), [*unread(cell, grid), *plan.remarks])
    session.outputs.expect(job, outputs)
    return _shown(session, job, arguments, _carried(plan), plan.remarks)


def submit_line(session: Session, line: str) -> Job | Sweep | None:
    """Submit a script, a notebook or a command."""
    from trackside.sdk.sweep import submit_sweep

    arguments = read_arguments(usages.SUBMIT_LINE, line)
    fields = {**_work(arguments), **_fields(session, arguments)}
    grid = grid_of(arguments)
    _check(fields, grid)
    if arguments.has("dry-run"):
        _dry_run(session, fields, None, grid)
        return None
    if grid:
        return shown_sweep(session, submit_sweep(fields, grid, session.client), arguments)
    return _shown(session, _submitted(session, fields), arguments)


# What is asked for


def _fields(session: Session, arguments: Arguments) -> dict[str, object]:
    """Return the options as fields of a submission; what is not given is left out."""
    fields: dict[str, object] = {name.replace("-", "_"): arguments.text(name) for name in _TEXTS}
    fields |= {name.replace("-", "_"): True for name in _SWITCHES if arguments.has(name)}
    fields |= {"after": arguments.names("after") or None, "secrets": secrets_of(arguments)}
    fields |= {"tags": arguments.names("tag") or None, "env": env_of(arguments), "workdir": workdir_of(arguments)}
    fields["config"] = config_of(arguments, session.namespace)
    fields["params"] = params_of(arguments)
    fields["uploads"] = arguments.names("upload") or None
    if fields["uploads"] and arguments.text("workdir") is None:
        del fields["workdir"]  # the files make a folder of their own
    return {name: value for name, value in fields.items() if value is not None}


def _work(arguments: Arguments) -> dict[str, object]:
    """Return the fields of what runs: a file with what stands behind ``--``, or a command."""
    from trackside.sdk.submit import file_fields
    from trackside.sdk.surroundings import surroundings

    if arguments.words:
        file, *more = arguments.words
        if not file.endswith((".py", ".ipynb")):
            text = " ".join(arguments.words)
            raise InvalidInput(
                f"%submit runs a .py or .ipynb file; {file!r} is neither.",
                hint=f"For a command write %submit -- {text}",
            )
        if more:
            raise InvalidInput(
                f"%submit takes one file; {more[0]!r} is one word too many.",
                hint=f"Arguments stand behind --: {file} -- …",
            )
        return file_fields(existing_file(file), _words(arguments.rest or ""))
    if not arguments.rest:
        raise InvalidInput(
            "%submit needs a file or a command.", hint="Write %submit train.py, or %submit -- make data."
        )
    return {"command": _command(arguments.rest), **surroundings(python=False)}


def _command(text: str) -> list[str] | str:
    """Return a plain command as its arguments; one with signs that only a shell knows as text for the shell."""
    return text if _SHELL.search(text) else _words(text)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise InvalidInput(f"%submit: a quotation mark is not closed in {text!r}.") from None


def _check(fields: Mapping[str, object], grid: Mapping[str, Sequence[Scalar]]) -> None:
    """Read the fields here, of a sweep those of its first job, before anything is written or sent."""
    from trackside.models import parse_submission
    from trackside.sdk.sweep import sweep_fields
    from trackside.sdk.uploading import without_uploads

    parse_submission(without_uploads(sweep_fields(fields, grid)[0] if grid else fields))


# What goes in


@contextmanager
def _planned(session: Session, cell: str, arguments: Arguments, grid: Mapping[str, object]) -> Iterator[CarryPlan]:
    """Give what the cell needs from the notebook; names that wait for another job stand for what they can be now.

    What a sweep binds need not come from there.
    """
    from trackside.cells.carry import plan_carry
    from trackside.cells.names import find_names

    found = find_names(cell).given(grid)
    wanted = _inputs(arguments)
    certain = [*found.reads, *(wanted if isinstance(wanted, list) else ())]
    with session.outputs.lent(certain, [*found.unsure, *found.mentions]) as remarks:
        for remark in remarks:
            session.say(remark)
        yield plan_carry(cell, session.namespace, names=wanted, bound=grid, limit=_carry_limit())


def _carry_limit() -> int:
    """Return how many bytes go without being asked for by name."""
    from trackside.cells.carry import LIMIT
    from trackside.models.units import parse_size

    set_to = os.environ.get("TRACKSIDE_CARRY_LIMIT")
    return parse_size(set_to, field="TRACKSIDE_CARRY_LIMIT") if set_to else LIMIT


def _inputs(arguments: Arguments) -> Literal["auto", "none"] | list[str]:
    names = arguments.names("in")
    if names in ([], ["auto"]):
        return "auto"
    return "none" if names == ["none"] else names


def _carried(plan: CarryPlan) -> str:
    """Return ``"carried in: data 1.2 GB, model 44.0 MB"``: values with their sizes, then what goes as code."""
    from trackside.cells.carry import spell_size

    values = sorted((item for item in plan.items if item.how == "value"), key=lambda item: -item.size)
    code = [item.name for item in plan.items if item.how == "code"]
    said = [f"{item.name} {spell_size(item.size)}" for item in values] + code
    return f"carried in: {', '.join(said)}" if said else ""


# What happens then


def _submitted(session: Session, fields: Mapping[str, object]) -> Job:
    from trackside.sdk.submit import submit_fields

    return submit_fields(fields, session.client, check=False)


def _dry_run(
    session: Session, fields: Mapping[str, object], plan: CarryPlan | None, grid: Mapping[str, Sequence[Scalar]]
) -> None:
    """Say what would happen; nothing is made."""
    from trackside.display.text import dry_run
    from trackside.sdk.sweep import sweep_fields
    from trackside.sdk.uploading import without_uploads

    submissions = sweep_fields(fields, grid) if grid else [dict(fields)]
    answer = session.client.jobs.submit(without_uploads(submissions[0]), dry_run=True)
    lines = [dry_run(answer), *(_described(plan) if plan else []), *listed(submissions if grid else [])]
    session.say("\n".join(line for line in lines if line))


def _described(plan: CarryPlan) -> list[str]:
    """Return one line for each name that would go, with its type and size, and the remarks."""
    said = [f"  {line}" for line in plan.describe().splitlines()]
    return ["Carried in:", *said] if plan.items else list(plan.remarks)


def _shown(
    session: Session, job: Job, arguments: Arguments, carried: str = "", remarks: tuple[str, ...] = ()
) -> Job | None:
    session.keep(job)
    quiet = arguments.has("quiet")
    for remark in remarks:
        session.say(remark)
    if not quiet:
        if carried and session.panels.is_kernel:
            session.say(carried)
        session.show_job(job, carried=carried)
    if arguments.has("follow"):
        follow(session, job)
    elif arguments.has("wait"):
        _wait(session, job, quiet=quiet)
    if arguments.has("follow") or arguments.has("wait"):
        refuse_failure(job)
    return None if quiet else job


def _wait(session: Session, job: Job, *, quiet: bool) -> None:
    """Wait for the end; an interrupt ends the waiting, not the job."""
    try:
        job.wait()
    except KeyboardInterrupt:
        session.say(f"No longer waiting; {job.id} goes on. %cancel {job.id} stops it.")
        return
    if not quiet and job.status == "completed":
        session.say(f"{job.label} · {job.state()}")
