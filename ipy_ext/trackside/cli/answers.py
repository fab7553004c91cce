"""What each verb answers as ``data``, as types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import GenericAlias
from typing import Any, TypedDict

__all__ = ["Argument", "Described", "Verb", "answer_types"]


def answer_types() -> Mapping[str, tuple[Any, ...]]:
    """Return what each verb may answer as ``data``."""
    return {name: make() for name, make in _ANSWERS.items()}


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


def _models() -> Any:
    import trackside.models
    import trackside.models.housekeeping
    import trackside.models.job
    import trackside.models.queue

    return trackside.models


def _list_of(kind: type) -> GenericAlias:
    return GenericAlias(list, (kind,))


_ANSWERS: Mapping[str, Callable[[], tuple[Any, ...]]] = {
    "submit": lambda: (
        _models().Job,
        _list_of(_models().Job),
        _models().job.DryRun,
        _list_of(_models().job.DryRun),
        SweepPlan,
    ),
    "jobs": lambda: (_models().JobPage,),
    "show": lambda: (_models().Job,),
    "logs": lambda: (Text,),
    "explain": lambda: (_models().Explanation,),
    "cancel": lambda: (_list_of(_models().Job),),
    "retry": lambda: (_models().Job,),
    "pause": lambda: (_models().queue.Queue,),
    "resume": lambda: (_models().queue.Queue, _list_of(_models().Job)),
    "delete": lambda: (Deleted,),
    "runs": lambda: (_models().RunPage,),
    "compare": lambda: (_models().Comparison,),
    "artifacts": lambda: (_models().ArtifactPage, Saved),
    "import": lambda: (ImportedRuns,),
    "export": lambda: (Files,),
    "gpus": lambda: (_models().GpuReport,),
    "server": lambda: (Server, Stopped),
    "doctor": lambda: (_list_of(_models().housekeeping.Finding),),
    "reindex": lambda: (Rebuilt,),
    "prune": lambda: (_models().housekeeping.Pruned,),
    "schema": lambda: (Described,),
    "completion": lambda: (Text,),
}
