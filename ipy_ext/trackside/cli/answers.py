"""What each verb answers as ``data``, as types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

__all__ = ["Argument", "Described", "Verb", "answer_types"]


class Argument(TypedDict):
    """One argument of a verb: its spellings (none for one that has its place), what it means, what it may be."""

    name: str
    flags: list[str]
    help: str
    many: bool
    required: bool
    choices: list[str] | None
    switch: bool


class Verb(TypedDict):
    """One verb: what it takes and the JSON Schema of its ``data``."""

    name: str
    summary: str
    usage: str
    arguments: list[Argument]
    answer: dict[str, Any]


class Described(TypedDict):
    """All of the program. Definitions that answers refer to stand in ``definitions``."""

    envelope: dict[str, Any]
    exit_codes: dict[str, str]
    options: list[Argument]
    """Those that every verb takes."""
    verbs: list[Verb]
    definitions: dict[str, Any]


class Deleted(TypedDict):
    """What delete did."""

    deleted: list[str]


class Saved(TypedDict):
    """Files that were downloaded."""

    saved: list[str]


class Text(TypedDict):
    """A piece of output; with ``--follow`` one envelope for each."""

    text: str


class Server(TypedDict):
    """The server of this home; ``health`` as ``GET health`` answers it."""

    url: str
    headless: bool
    health: dict[str, Any]


class Stopped(TypedDict):
    """Ids of the processes that were ended."""

    stopped: list[int]


class File(TypedDict):
    """A file that was written."""

    path: str
    runs: list[str]
    records: int
    notes: list[str]


class Files(TypedDict):
    """What export wrote."""

    files: list[File]


class ImportedRun(TypedDict):
    """A run that was brought in."""

    run_id: str
    run_dir: str
    name: str
    source: str
    existing: bool
    records: int
    samples: int
    media: int
    notes: list[str]


class Problem(TypedDict):
    """An error as the envelope has it."""

    code: str
    message: str
    hint: str


class NotImportedRun(TypedDict):
    """What could not be brought in, and why."""

    path: str
    error: Problem


class ImportedRuns(TypedDict):
    """What import did."""

    imported: list[ImportedRun]
    failed: list[NotImportedRun]


class Rebuilt(TypedDict, total=False):
    """What reindex did."""

    jobs: int
    runs: int
    running: int
    held: list[str]
    unreadable: list[str]
    set_aside: str | None


class SweepPlan(TypedDict):
    """What a sweep would submit: the names of its jobs, and what the first would be."""

    jobs: list[str]
    first: Any


def answer_types() -> Mapping[str, tuple[Any, ...]]:
    """Return what each verb may answer as ``data``."""
    from trackside import models
    from trackside.models.housekeeping import Finding, Pruned
    from trackside.models.job import DryRun
    from trackside.models.queue import Queue

    jobs = list[models.Job]
    return {
        "submit": (models.Job, jobs, DryRun, list[DryRun], SweepPlan),
        "jobs": (models.JobPage,),
        "show": (models.Job,),
        "logs": (Text,),
        "explain": (models.Explanation,),
        "cancel": (jobs,),
        "retry": (models.Job,),
        "pause": (Queue,),
        "resume": (Queue, jobs),
        "delete": (Deleted,),
        "runs": (models.RunPage,),
        "compare": (models.Comparison,),
        "artifacts": (models.ArtifactPage, Saved),
        "import": (ImportedRuns,),
        "export": (Files,),
        "gpus": (models.GpuReport,),
        "server": (Server, Stopped),
        "doctor": (list[Finding],),
        "reindex": (Rebuilt,),
        "prune": (Pruned,),
        "schema": (Described,),
        "completion": (Text,),
    }
