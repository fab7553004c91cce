"""``--sweep``: one job for each combination of values, one panel for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from trackside.errors import InvalidInput
from trackside.magics.options import Arguments

if TYPE_CHECKING:
    from trackside.magics.session import Session
    from trackside.models.sweep import Scalar
    from trackside.sdk.sweep import Sweep

__all__ = ["grid_of", "listed", "shown_sweep", "unread"]

_LISTED = 20


def grid_of(arguments: Arguments) -> dict[str, list[Scalar]]:
    """Return the values of ``--sweep`` by name, nothing when it was not given."""
    text = arguments.text("sweep")
    if text is None:
        return {}
    if arguments.has("follow"):
        raise InvalidInput(
            "--follow shows one log, a sweep has many.", hint="Write --wait, or %logs JOB -f for one of them."
        )
    from trackside.models.sweep import parse_sweep

    return parse_sweep(text)


def shown_sweep(
    session: Session, sweep: Sweep, arguments: Arguments, carried: str = "", remarks: Sequence[str] = ()
) -> Sweep | None:
    """Show a sweep as it was asked for; return it unless nothing is to be shown."""
    session.keep_sweep(sweep)
    quiet = arguments.has("quiet")
    for remark in remarks:
        session.say(remark)
    if arguments.names("out"):
        session.say("What comes back is asked of each job: sweep[0].result(NAME).")
    if not quiet:
        if carried and session.panels.is_kernel:
            session.say(carried)
        session.panels.show_sweep(sweep, said=carried)
    if arguments.has("wait"):
        _wait(session, sweep)
    return None if quiet else sweep


def _wait(session: Session, sweep: Sweep) -> None:
    """Wait for the end of all; an interrupt ends the waiting. A job that did not complete is an error of the cell."""
    from trackside.errors import JobFailed

    try:
        sweep.wait()
    except KeyboardInterrupt:
        session.say("No longer waiting; the jobs go on. sweep.cancel() stops them.")
        return
    bad = [job for job in sweep if job.status != "completed"]
    if bad:
        names = ", ".join(f"{job.name} ({job.status})" for job in bad[:3])
        raise JobFailed(
            f"{len(bad)} of {len(sweep)} jobs did not complete: {names}.", hint=f"%logs {bad[0].id} shows one."
        )


def unread(cell: str, grid: Mapping[str, object]) -> Iterator[str]:
    """Say of each name that varies and that the cell does not read itself; something that it calls may."""
    from trackside.cells.names import find_names

    found = find_names(cell)
    known = {*found.reads, *found.unsure, *found.mentions, *found.needed}
    for name in grid:
        if name not in known:
            yield f"{name!r} varies, but the cell itself does not read it."


def listed(submissions: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """Return the names of the jobs that a sweep would make."""
    if submissions:
        yield f"{len(submissions)} jobs:"
        yield from (f"  {each['name']}" for each in submissions[:_LISTED])
    if len(submissions) > _LISTED:
        yield f"  and {len(submissions) - _LISTED} more"
