"""What was asked for, normalised: the same value in ``job.json``, in the store and on the wire."""

from __future__ import annotations

import msgspec

from trackside.models.resources import GpuRequest

__all__ = ["FORMAT", "KINDS", "JobSpec"]

FORMAT = 1


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
    memory: int | None = None
    time: float | None = None
    grace: float = 10.0
    priority: int = 0
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
    staging: str | None = None
    """Id of the folder under ``<home>/staging/`` whose files become the run's ``inputs/``."""

    @property
    def kind(self) -> str:
        """One of ``command``, ``cell``, ``script``, ``notebook``, ``function``."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)


KINDS = ("command", "cell", "script", "notebook", "function")
