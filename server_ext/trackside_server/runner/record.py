"""The files of one attempt that its runner writes: the record, the heartbeat, the facts in ``meta.json``.

The record's reader is ``trackside_server.domain.attempt``; a test holds the two together. Plain dictionaries here,
since msgspec and the wire values would triple the memory of every runner.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from typing import NamedTuple

from trackside.tracking.atomic import encode_json, write_json
from trackside.tracking.folder import RunFolder
from trackside_server.isolation.groups import Group

__all__ = [
    "Charge",
    "beat",
    "claim",
    "content_of",
    "give_up_claim",
    "is_open",
    "write_exit",
    "write_running",
]

FORMAT = 1
_PATIENCE = 0.05
"""Seconds that the meta.json of a job that runs is waited for."""


class Charge(NamedTuple):
    """What one who looks after an attempt must know of it; handed from the runner to the template, so nothing secret.

    ``started`` and ``started_at`` are the same moment on the monotonic clock and in UTC.
    """

    run_dir: str
    attempt: int
    gpus: list[str]
    limits: list[dict[str, object]]
    grace: float
    time: float | None
    memory: int | None
    max_output: int | None
    runner: dict[str, int | float | str]
    template: dict[str, int | float | str] | None
    process: dict[str, int | float | str] | None = None
    started: float = 0.0
    started_at: str | None = None
    log_offset: int = 0
    """Where the output of this attempt begins in ``output.log``."""
    max_processes: int | None = None
    engine: str = ""
    folders: list[str] = []  # noqa: RUF012  (never changed)
    held: list[str] = []  # noqa: RUF012
    """The control group, and the names of the limits that it holds."""
    cost_per_hour: float | None = None
    """What an hour costs, where the site has prices."""

    @property
    def folder(self) -> RunFolder:
        """The run folder."""
        return RunFolder(self.run_dir)

    @property
    def group(self) -> Group:
        """The control group; holds nobody where there is none."""
        return Group(self.engine, self.folders)


def claim(charge: Charge) -> bool:
    """Write the first record; False when this attempt has one already, so that an attempt never runs twice."""
    folder = charge.folder
    folder.attempts.mkdir(mode=0o700, exist_ok=True)
    target = folder.attempt(charge.attempt)
    if target.exists():
        return False
    aside = target.with_name(f".{target.name}.{os.getpid()}.claim")
    with _new(aside) as file:
        file.write(encode_json(content_of(charge)))
    try:
        os.link(aside, target)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        return _claim_by_name(target, charge)
    finally:
        os.unlink(aside)
    return True


def _claim_by_name(target: os.PathLike[str], charge: Charge) -> bool:
    try:
        _new(target).close()
    except FileExistsError:
        return False
    write_json(target, content_of(charge), indent=None)
    return True


def _new(path: os.PathLike[str]) -> io.FileIO:
    return io.FileIO(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w")


def give_up_claim(charge: Charge) -> None:
    """Take the first record away: the attempt did not begin and may be started again."""
    folder = charge.folder
    for path in (folder.alive(charge.attempt), folder.attempt(charge.attempt)):
        path.unlink(missing_ok=True)


def write_running(charge: Charge) -> None:
    """Write that the user's process runs.

    Raises TimeoutError when that process holds ``meta.json``: it may be stopped, and must not hold us.
    """
    write_json(charge.folder.attempt(charge.attempt), content_of(charge), indent=None)
    facts = {"started_at": charge.started_at, "finished_at": None, "duration_seconds": None}
    running = {"status": "running", "reason": None, "exit_code": None, **facts}
    charge.folder.change_meta(lambda meta: meta | running, _PATIENCE)


def write_exit(charge: Charge, how: dict[str, object]) -> dict[str, object]:
    """Write how the attempt ended, first into the record, then into ``meta.json``; returns the record."""
    content = {**content_of(charge), "exit": how}
    write_json(charge.folder.attempt(charge.attempt), content, indent=None)
    with contextlib.suppress(OSError):  # the record is the truth; a server that reads it mends meta.json
        charge.folder.update_meta(
            status=how["status"],
            reason=how["reason"],
            exit_code=how["exit_code"],
            started_at=charge.started_at,
            finished_at=how["finished_at"],
            duration_seconds=how["duration_seconds"],
        )
    return content


def is_open(charge: Charge) -> bool:
    """Whether the attempt is this runner's and nobody has written yet how it ended."""
    try:
        content = json.loads(charge.folder.attempt(charge.attempt).read_bytes())
    except FileNotFoundError:
        return charge.process is not None  # it runs, and its folder was deleted
    return content["runner"] == charge.runner and content["exit"] is None


def beat(charge: Charge) -> None:
    """Touch the file by which other hosts see that somebody looks after this attempt."""
    descriptor = os.open(charge.folder.alive(charge.attempt), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.utime(descriptor)
    finally:
        os.close(descriptor)


def content_of(charge: Charge) -> dict[str, object]:
    """Return the record of an attempt that is not over."""
    return {
        "format": FORMAT,
        "attempt": charge.attempt,
        "runner": charge.runner,
        "template": charge.template,
        "process": charge.process,
        "gpus": charge.gpus,
        "limits": charge.limits,
        "cost_per_hour": charge.cost_per_hour,
        "started_at": charge.started_at,
        "log_offset": charge.log_offset,
        "exit": None,
    }
