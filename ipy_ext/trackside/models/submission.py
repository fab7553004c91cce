"""What a client sends to submit a job, read into a ``JobSpec``; every spelling a person may use is accepted here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec

from trackside.errors import InvalidInput, near
from trackside.models.fields import FIELDS
from trackside.models.resources import GpuRequest
from trackside.models.spec import KINDS, JobSpec
from trackside.models.units import shortened

__all__ = ["Submission", "parse_submission"]


class Submission(msgspec.Struct, frozen=True):
    """A spec with the values that travel beside it and are never written in clear.

    ``environment`` is the submitter's own (None: the server's is used); ``secrets`` map names to values.
    """

    spec: JobSpec
    environment: dict[str, str] | None = None
    secrets: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<Submission {self.spec.kind} {self.spec.name or 'unnamed'}>"


def parse_submission(raw: Mapping[str, object]) -> Submission:
    """Return the submission that these JSON fields (the keyword names of ``trackside.submit``) describe.

    Raises ``InvalidInput`` naming the field, what is wrong with it and how to write it.
    """
    for field in raw:
        if field not in FIELDS:
            raise InvalidInput(
                f"{shortened(field)} is not something a job can ask for.",
                hint=near(field[:64], FIELDS) or f"Known: {', '.join(sorted(FIELDS))}.",
                code="unknown_field",
            )
    given = {field: value for field, value in raw.items() if value is not None}
    kinds = [kind for kind in KINDS if kind in given]
    if len(kinds) != 1:
        said = f"{' and '.join(kinds)} were given" if kinds else "none was given"
        raise InvalidInput(f"A job needs exactly one of {', '.join(KINDS)}; {said}.")
    values = {field: FIELDS[field](given[field], field) for field in given}
    environment = cast("dict[str, str] | None", values.get("environment"))
    secrets = cast("dict[str, str]", values.get("secrets", {}))
    if environment is not None:  # it is kept for a retry, secrets are not
        environment = {name: value for name, value in environment.items() if name not in secrets}
    _check_whole(values)
    values |= {"environment": sorted(environment or {}), "secrets": sorted(secrets)}
    spec = msgspec.convert(values, JobSpec, strict=True)
    return Submission(spec, environment, secrets)


def _check_whole(values: Mapping[str, object]) -> None:
    gpus = values.get("gpus")
    if values.get("gpu_memory") and not (isinstance(gpus, GpuRequest) and gpus.count):
        raise InvalidInput("gpu_memory was given, but no GPU.", hint="Ask for one with gpus=1.")
    if values.get("max_parallel") is not None and values.get("group") is None:
        raise InvalidInput("max_parallel was given, but no group of jobs.", hint="Name one: group='nightly'.")
    if values.get("command") is not None:
        for field, why in (("args", "Write them into the command itself."), ("outputs", "A command binds no names.")):
            if values.get(field):
                raise InvalidInput(f"{field} was given with a command.", hint=why)
    if values.get("params") and values.get("cell") is None and values.get("notebook") is None:
        raise InvalidInput("params are for cells and notebooks.", hint="Give a script its arguments with args=[…].")
    if values.get("function") is not None and values.get("staging") is None:
        raise InvalidInput("function was given without staging, where it lies.", hint="Use trackside.submit(function).")
    if values.get("uploads"):
        _check_uploads(values)


def _check_uploads(values: Mapping[str, object]) -> None:
    if values.get("staging") is None:
        raise InvalidInput("uploads were named, but no staging folder has them.", hint="Use trackside.submit.")
    if values.get("workdir"):
        raise InvalidInput(
            "A job with uploads runs in a folder of its own, with these files; workdir cannot be given too.",
            hint="Leave workdir out.",
        )
