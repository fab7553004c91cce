"""What was asked for, normalised: the same value in ``job.json``, in the store and on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from trackside.models.resources import GpuRequest

__all__ = ["FORMAT", "KINDS", "Condition", "Dependency", "JobSpec", "Upload"]

FORMAT = 1

Condition = Literal["ok", "any", "failed"]


class Dependency(msgspec.Struct, frozen=True):
    """A job to wait for, by its id once submitted: until it completed (``ok``), ended at all (``any``) or ``failed``."""

    job: str
    condition: Condition = "ok"

    def __str__(self) -> str:
        return self.job if self.condition == "ok" else f"{self.job}:{self.condition}"


class Upload(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that travels with a job: where it lies in the job's folder (``/`` at the end: a folder), its rights.

    ``size`` in bytes and ``sha256`` are known once it was accepted.
    """

    path: str
    mode: int = 0o644
    size: int | None = None
    sha256: str | None = None


class JobSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One job as asked for. Exactly one of ``command``, ``cell``, ``script``, ``notebook`` and ``function`` is set.

    Sizes are bytes, times are seconds. ``env`` holds what the submitter named; of ``secrets`` and of the carried
    environment only the names stand here.
    """

    format: int = FORMAT
    command: list[str] | str | None = None
    """Arguments, or one string for the shell."""
    cell: str | None = None
    """Source of a notebook cell; IPython syntax is allowed."""
    script: str | None = None
    """Absolute path of a Python file; a copy is taken at submission."""
    notebook: str | None = None
    """Absolute path of a notebook; a copy is taken at submission."""
    function: str | None = None
    """Qualified name of a function; it and its arguments lie pickled in the staging folder."""
    args: list[str] = []
    """Arguments of a script."""
    name: str | None = None
    tags: list[str] = []
    config: dict[str, object] = {}
    gpus: GpuRequest = GpuRequest(0)
    gpu_memory: int | None = None
    cpus: float = 1.0
    cores: list[int] = []
    """The numbers of the cores that it is pinned to; empty for all of the machine's."""
    memory: int | None = None
    time: float | None = None
    max_iops: int | None = None
    """Reads and writes of each disk per second."""
    max_output: int | None = None
    max_processes: int | None = None
    max_cost_per_hour: float | None = None
    """What an hour may cost by the site's prices, in their currency."""
    group: str | None = None
    """What this job is one of, such as the calls of one ``map``."""
    max_parallel: int | None = None
    """How many of its group may run while it starts, itself among them."""
    share_gpu: bool = False
    """Whether it may start on a GPU that kernels of this server's notebooks use."""
    grace: float = 10.0
    priority: int = 0
    at: datetime | None = None
    """The earliest start."""
    after: list[Dependency] = []
    retries: int = 0
    """How often it is started again by itself after a failure."""
    requeue: bool = False
    """Whether it is started again when the machine was restarted under it."""
    notify: bool = False
    """Whether the server tells of its end by the command or webhook of its settings."""
    workdir: str = ""
    env: dict[str, str] = {}
    environment: list[str] = []
    """Names of the carried environment."""
    secrets: list[str] = []
    """Names of the secrets."""
    python: str = ""
    """Interpreter for cells, scripts, notebooks and functions; empty for the server's own."""
    sys_path: list[str] = []
    outputs: list[str] = []
    """Names whose values come back (``--out``)."""
    params: dict[str, str | int | float | bool | None] = {}
    """Values that a cell or a notebook gets by name, over those that it was given otherwise."""
    uploads: list[Upload] = []
    """Files that make the folder in which it runs; they lie under ``uploads/`` of the staging folder."""
    staging: str | None = None
    """Id of the folder under ``<home>/staging/`` whose files become the run's ``inputs/``."""

    @property
    def kind(self) -> str:
        """One of ``command``, ``cell``, ``script``, ``notebook``, ``function``."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)


KINDS = ("command", "cell", "script", "notebook", "function")
