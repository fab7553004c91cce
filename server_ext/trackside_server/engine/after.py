"""``after``: from what a person typed to the ids of the jobs that are waited for."""

from __future__ import annotations

import msgspec

from trackside.errors import InvalidInput, near
from trackside.models import Dependency, JobSpec
from trackside_server.domain.dependencies import awaited, broken, judge, waits_for
from trackside_server.store import Reader

__all__ = ["awaits_of", "with_ids"]


def with_ids(spec: JobSpec, reader: Reader) -> JobSpec:
    """Return the spec with an id for each job that it waits for: of several with one name the newest.

    Raises ``InvalidInput`` naming the near ones for a job that is not there.
    """
    if not spec.after:
        return spec
    after = [Dependency(_id_of(each.job, reader), each.condition) for each in spec.after]
    return msgspec.structs.replace(spec, after=list(dict.fromkeys(after)))


def awaits_of(spec: JobSpec, reader: Reader) -> list[str]:
    """Return what a job that is not submitted yet would wait for, a sentence each; ``spec`` has ids."""
    said = []
    for dependency in spec.after:
        found = reader.job(dependency.job)
        job = None if found is None else awaited(found)
        verdict = judge(dependency, None if job is None else job.status)
        if verdict != "met":
            said.append(waits_for(dependency, job) if verdict == "open" else broken(dependency, job).message)
    return said


def _id_of(text: str, reader: Reader) -> str:
    found = reader.resolve(text, 1)
    if not found:
        hint = near(text, reader.job_names())
        if ":" in text:
            hint = f"{hint} A condition behind the colon is ok, any or failed.".strip()
        raise InvalidInput(f"after: there is no job {text!r} to wait for.", hint=hint, code="unknown_dependency")
    return found[0].id
