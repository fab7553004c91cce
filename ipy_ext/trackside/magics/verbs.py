"""``%logs``, ``%cancel``, ``%retry``: what can be done with a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.errors import InvalidInput, JobFailed, TracksideError
from trackside.magics import usages
from trackside.magics.options import Arguments, Usage, read_arguments

if TYPE_CHECKING:
    from trackside.magics.session import Session
    from trackside.sdk.job import Job

__all__ = ["cancel", "follow", "logs", "refuse_failure", "retry"]


def logs(session: Session, line: str) -> None:
    """Show what a job printed."""
    arguments = read_arguments(usages.LOGS, line)
    job = _one_job(session, arguments)
    tail = arguments.whole("lines", 100)
    if arguments.has("follow"):
        follow(session, job, tail)
        return
    printed = job.logs(tail=tail)
    session.say(printed.rstrip("\n") if printed else f"{job.id} has printed nothing yet ({job.state()}).")


def follow(session: Session, job: Job, tail: int | None = None) -> None:
    """Show what a job prints until it ends; an interrupt ends the looking, not the job."""
    try:
        for piece in job.logs(follow=True, tail=tail):
            session.write(piece)
    except KeyboardInterrupt:
        session.say(f"\nNo longer following; {job.id} goes on. %cancel {job.id} stops it.")
        return
    job.wait()
    session.say(f"{job.label} · {job.state()}")


def refuse_failure(job: Job) -> None:
    """Raise JobFailed for a job that ended without being completed, so that cells below do not run on without it."""
    if job.is_terminal and job.status != "completed":
        raise JobFailed(f"{job.label} · {job.state()}.", hint=f"%logs {job.id} shows what it printed.")


def cancel(session: Session, line: str) -> None:
    """Stop jobs; a job that cannot be stopped does not keep the others from it."""
    arguments = read_arguments(usages.CANCEL, line)
    names = [name for word in arguments.words for name in word.split(",") if name]
    if not names:
        raise InvalidInput("%cancel needs at least one job.", hint="Write %cancel baseline, or %cancel 41 42.")
    errors: list[TracksideError] = []
    for name in names:
        try:
            job = session.job(name).cancel()
            session.say(f"{job.label} · {'cancelling' if not job.is_terminal else job.state()}")
        except TracksideError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise type(errors[0])("\n".join(str(error) for error in errors), code=errors[0].code)


def retry(session: Session, line: str) -> Job:
    """Start a finished job again, maybe with more than it had."""
    arguments = read_arguments(usages.RETRY, line)
    asked = {option.name: arguments.text(option.name) for option in usages.RETRY.options}
    changes = {name.replace("-", "_"): value for name, value in asked.items() if value is not None}
    job = _one_job(session, arguments).retry(None, **changes)
    session.keep(job)
    session.outputs.again(job)
    session.show_job(job)
    return job


def _one_job(session: Session, arguments: Arguments) -> Job:
    usage: Usage = arguments.usage
    if len(arguments.words) > 1:
        raise InvalidInput(f"{usage.magic} takes one job, {len(arguments.words)} were given.", hint=f"{usage.magic}?")
    if arguments.words:
        return session.job(arguments.words[0])
    last = session.last_job()
    if last is None or not usage.words.startswith("["):
        raise InvalidInput(f"{usage.magic} needs a job.", hint=f"Write {usage.examples[0]}, with its id or name.")
    return last
