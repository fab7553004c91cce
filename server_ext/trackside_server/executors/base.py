"""What the engine asks of whatever runs attempts: start, stop, watch, look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from trackside.models import Limit, Reason
from trackside.tracking.folder import RunFolder
from trackside_server.domain.attempt import AttemptRecord

__all__ = [
    "Absent",
    "AttemptRef",
    "Ended",
    "Executor",
    "GivenBack",
    "Launch",
    "Launched",
    "Lost",
    "Observation",
    "Running",
    "StartFailed",
    "Started",
    "Starting",
]


@dataclass(frozen=True, slots=True)
class AttemptRef:
    """Names one attempt of one job; all that is needed to find it again after a restart."""

    job_id: str
    run_dir: Path
    attempt: int

    @property
    def folder(self) -> RunFolder:
        """The run folder."""
        return RunFolder(self.run_dir)


@dataclass(frozen=True, kw_only=True)
class Launch:
    """Everything that starting an attempt takes.

    ``environment`` is the whole environment, secrets included; it is never written anywhere. Times are seconds, sizes
    bytes; None means no limit. ``home_id`` is for the note beside GPU locks.
    """

    ref: AttemptRef
    argv: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    workdir: Path
    gpus: Sequence[str] = ()
    """UUIDs of the GPUs, or of one of which ``gpu_share`` is taken."""
    gpu_share: float = 1.0
    cpus: float | None = None
    cores: Sequence[int] = ()
    time: float | None = None
    memory: int | None = None
    max_output: int | None = 2**30
    max_iops: int | None = None
    max_processes: int | None = None
    grace: float = 10.0
    home_id: str = ""
    secrets: Sequence[str] = ()
    """Names in ``environment`` whose values are not shown in the log."""
    cost_per_hour: float | None = None
    """By the site's prices, for the record of the attempt."""


@dataclass(frozen=True, slots=True)
class Launched:
    """The process runs."""

    record: AttemptRecord

    @property
    def limits(self) -> list[Limit]:
        """Each limit asked for, and what enforces it."""
        return self.record.limits


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Something was not free after all; nothing began, and the same attempt may be started again later."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class StartFailed:
    """The process could not be started, and starting it again would end the same way."""

    reason: Reason


Started = Launched | GivenBack | StartFailed


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing of this attempt is there: it never began."""


@dataclass(frozen=True, slots=True)
class Starting:
    """A runner has it; the process does not run yet."""

    record: AttemptRecord


@dataclass(frozen=True, slots=True)
class Running:
    """The process runs, or somebody is writing down how it ended."""

    record: AttemptRecord


@dataclass(frozen=True, slots=True)
class Ended:
    """The record says how it ended (``record.exit`` is there)."""

    record: AttemptRecord


@dataclass(frozen=True, slots=True)
class Lost:
    """Nobody looks after it any more and nobody will say how it ended; ``reason`` is ``lost`` or ``machine_restarted``."""

    record: AttemptRecord
    reason: Reason


Observation = Absent | Starting | Running | Ended | Lost


class Executor(Protocol):
    """A place where attempts run. ``on_change``, given to its constructor, is called on the loop with the reference of
    an attempt that began or ended; what happened is asked with ``look``.
    """

    async def start(self, launch: Launch) -> Started:
        """Start an attempt and watch it."""

    async def stop(self, ref: AttemptRef, reason: Reason, grace: float) -> None:
        """Ask an attempt to stop; returns when the request is written, not when the attempt is over. May be repeated."""

    def watch(self, ref: AttemptRef) -> None:
        """Watch an attempt that was started earlier, by whichever server. May be repeated."""

    def look(self, ref: AttemptRef) -> Observation:
        """Return where an attempt stands, from what is on disk and which processes live."""

    def end_rest(self, ref: AttemptRef) -> None:
        """End what is left of an attempt that was lost; takes as long as a look at all processes."""

    async def close(self) -> None:
        """Stop watching; what runs goes on."""
