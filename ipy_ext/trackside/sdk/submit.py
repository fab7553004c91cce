"""Submit work: a command, a script, a notebook, a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trackside.errors import InvalidInput
from trackside.models import JobSpec, parse_submission
from trackside.sdk.connection import default_client
from trackside.sdk.job import Job
from trackside.sdk.options import checked
from trackside.sdk.surroundings import surroundings
from trackside.sdk.uploading import uploaded, without_uploads

if TYPE_CHECKING:
    from trackside.client import Client

__all__ = ["Work", "fields_of", "file_fields", "submit", "submit_fields"]

Work = str | Sequence[str] | Path | JobSpec | Callable[..., object]
_KINDS = {".py": "script", ".ipynb": "notebook"}


def submit(
    work: Work,
    *,
    args: Sequence[object] | None = None,
    kwargs: Mapping[str, object] | None = None,
    name: str | None = None,
    gpus: str | float | None = None,
    cpus: float | None = None,
    memory: str | None = None,
    time: str | float | None = None,
    env: Mapping[str, str] | None = None,
    tags: Sequence[str] | None = None,
    config: Mapping[str, object] | None = None,
    workdir: str | Path | None = None,
    priority: int | None = None,
    grace: str | float | None = None,
    wait: bool = False,
    client: Client | None = None,
    **more: object,
) -> Job:
    """Submit a job; it is durable when this returns.

    ``work``: a string for the shell, a list of arguments, a ``Path`` of a ``.py`` or ``.ipynb`` file, a function
    (called with ``args`` and ``kwargs`` in a process of its own; ``result()`` gives what it returns) or a ``JobSpec``.
    ``args`` of a script are its arguments.

    ``gpus``: ``2``, ``0.5``, ``"a100:2"``. ``memory``: ``"8G"``. ``time``: ``"2h"`` or seconds. ``env``: variables
    beside the ones of this process, which travel along, as do folder and interpreter. ``config``: hyperparameters of
    the run. ``uploads``: files and folders that travel along as they are now, ``["train.py", "conf/"]`` or places
    mapped to paths or bytes; the job runs among copies of them. ``grace``: time between TERM and KILL. ``wait``: return when it has ended.

    Raises InvalidInput for what cannot be read, NotCarried for a function or argument that cannot travel.
    """
    options = {
        "name": name, "gpus": gpus, "cpus": cpus, "memory": memory, "time": time, "env": env, "tags": tags,
        "config": config, "workdir": workdir, "priority": priority, "grace": grace, **more,
    }  # fmt: skip
    client = client or default_client()
    if callable(work):
        from trackside.sdk.functions import JobFunction, submit_call

        if isinstance(work, JobFunction):
            options = {**work.options, **{key: value for key, value in options.items() if value is not None}}
            work = work.function
        job = submit_call(work, list(args or ()), dict(kwargs or {}), options, client)
    elif kwargs:
        raise InvalidInput("kwargs are for functions only.", hint="Give a script its arguments with args=[…].")
    else:
        job = submit_fields({**fields_of(work, args), **checked(options)}, client)
    return job.wait() if wait else job


def submit_fields(fields: Mapping[str, object], client: Client, *, check: bool = True) -> Job:
    """Submit fields as they travel; ``check`` reads them here first, so that a wrong one costs no request."""
    if check:
        parse_submission(without_uploads(fields))
    secrets, environment = fields.get("secrets"), fields.get("environment")
    if isinstance(secrets, Mapping) and isinstance(environment, Mapping):
        fields = {**fields, "environment": {key: item for key, item in environment.items() if key not in secrets}}
    with uploaded(client, fields) as complete:
        return Job(client.jobs.submit(complete), client)


def fields_of(work: Work, args: Sequence[object] | None) -> dict[str, object]:
    """Return the fields of what runs, with the surroundings that travel along; of everything but a function."""
    if isinstance(work, JobSpec):
        return _fields_of_spec(work)
    if isinstance(work, Path):
        return file_fields(work, args)
    if args:
        raise InvalidInput("args are for scripts and functions.", hint="Write them into the command itself.")
    if isinstance(work, str):
        _refuse_file_name(work)
        return {"command": work, **surroundings(python=False)}
    if isinstance(work, Sequence) and not isinstance(work, bytes):
        return {"command": [str(part) for part in work], **surroundings(python=False)}
    raise InvalidInput(
        f"A {type(work).__name__} is nothing that a job can run.",
        hint="Give a string, a list of arguments, a Path, a function or a JobSpec.",
    )


def file_fields(path: Path, args: Sequence[object] | None = None) -> dict[str, object]:
    """Return the fields of a script or notebook, which must exist here."""
    file = path.expanduser().absolute()
    kind = _KINDS.get(file.suffix)
    if kind is None:
        raise InvalidInput(
            f"{file.name!r} is neither a .py nor a .ipynb file.",
            hint=f"Submit a command, such as ['bash', {str(path)!r}].",
        )
    if not file.is_file():
        raise InvalidInput(f"There is no file {str(file)!r}.", code="no_such_file")
    if args and kind == "notebook":
        raise InvalidInput("A notebook takes no arguments.", hint="Give it variables with env={…}.")
    fields: dict[str, object] = {kind: str(file), **surroundings(python=True)}
    return {**fields, "args": [str(arg) for arg in args]} if args else fields


def _fields_of_spec(spec: JobSpec) -> dict[str, object]:
    """Return the fields of a spec; of values that it only names, those of here travel."""
    import msgspec

    fields = {
        key: value
        for key, value in msgspec.to_builtins(spec).items()
        if key not in ("format", "environment", "secrets", "staging")
    }
    if spec.staging is not None:
        raise InvalidInput("This spec was already submitted with values of its own.", hint="Retry that job instead.")
    return {**surroundings(python=spec.kind != "command"), **fields}


def _refuse_file_name(command: str) -> None:
    if command.endswith(tuple(_KINDS)) and " " not in command.strip():
        raise InvalidInput(
            f"{command!r} is a file's name, not a command.",
            hint=f"Write trackside.submit(Path({command!r})), or 'python {command}'.",
            code="not_a_command",
        )
