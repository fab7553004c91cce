"""The run folder: the one place that knows what its files are called."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from trackside.errors import InvalidInput
from trackside.tracking.atomic import write_json

__all__ = ["RunFolder", "try_lock"]

_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS})


class RunFolder:
    """The names in one run's folder, and the few things that must be done to them in one way only."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()

    def __repr__(self) -> str:
        return f"<RunFolder {self.path}>"

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def meta(self) -> Path:
        """Who and how: id, name, status, times, tags, summary."""
        return self.path / "meta.json"

    @property
    def config(self) -> Path:
        """Hyperparameters."""
        return self.path / "config.json"

    @property
    def metrics(self) -> Path:
        """Logged records, one line each."""
        return self.path / "metrics.jsonl"

    @property
    def table(self) -> Path:
        """The columns of the metrics logged so far or until some time ago, as Parquet; it may be missing."""
        return self.path / "metrics.parquet"

    @property
    def progress(self) -> Path:
        """How far the work is, one line for each step shown."""
        return self.path / "progress.jsonl"

    @property
    def floor(self) -> Path:
        """Locked by the one process, of several of a run, that tells how far the work is."""
        return self.path / ".progress.lock"

    @property
    def system(self) -> Path:
        """Samples of the machine, one line each."""
        return self.path / "system.jsonl"

    @property
    def requirements(self) -> Path:
        """Versions of the installed packages."""
        return self.path / "requirements.txt"

    @property
    def log(self) -> Path:
        """Standard output and error of the job, bytes as written."""
        return self.path / "output.log"

    @property
    def outputs(self) -> Path:
        """Rich outputs of a cell, one line each."""
        return self.path / "outputs.jsonl"

    @property
    def media(self) -> Path:
        """Images, figures, tables, texts and histograms, one line each; their files lie under ``artifacts/``."""
        return self.path / "media.jsonl"

    @property
    def artifacts(self) -> Path:
        """Saved files and folders."""
        return self.path / "artifacts"

    @property
    def inputs(self) -> Path:
        """Values carried into the job."""
        return self.path / "inputs"

    @property
    def work(self) -> Path:
        """Where a job with uploaded files runs: copies of them, anew for each attempt."""
        return self.path / "work"

    @property
    def results(self) -> Path:
        """Values carried out of the job."""
        return self.path / "results"

    @property
    def source(self) -> Path:
        """What ran: cell, script or notebook copy, uncommitted changes."""
        return self.path / "source"

    @property
    def spec(self) -> Path:
        """The job as submitted."""
        return self.path / "job.json"

    @property
    def attempts(self) -> Path:
        """One file for each attempt."""
        return self.path / "attempts"

    def attempt(self, number: int) -> Path:
        """Return the file of the facts of one attempt."""
        return self.attempts / f"{number}.json"

    def alive(self, number: int) -> Path:
        """Return the file that the runner of one attempt touches while it lives."""
        return self.attempts / f"{number}.alive"

    def stop(self, number: int) -> Path:
        """Return the file that asks the runner of one attempt to stop."""
        return self.attempts / f"{number}.stop"

    def masked(self, number: int) -> Path:
        """Return the file that says which bytes of the log are not shown, written at the end of one attempt."""
        return self.attempts / f"{number}.masked"

    @property
    def told(self) -> Path:
        """The number of the attempt of whose end the notifier told last."""
        return self.path / ".told"

    @property
    def metrics_files(self) -> list[Path]:
        """All files of metrics that exist: that of the run and those of its ranks on other hosts."""
        ranks = sorted(self.path.glob("metrics.*.jsonl"), key=lambda path: (len(path.name), path.name))
        return ([self.metrics] if self.metrics.exists() else []) + ranks

    def captured(self, attempt: int) -> Path:
        """Return the mark of the process that captures packages and git for one attempt."""
        return self.path / f".captured.{attempt}"

    def rank_metrics(self, rank: int) -> Path:
        """Return the file of metrics of one host among several."""
        return self.path / f"metrics.{rank}.jsonl"

    def create(self) -> None:
        """Make the folder (mode 0700) and ``artifacts/`` in it where they are missing."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.artifacts.mkdir(mode=0o700, exist_ok=True)

    def read_meta(self) -> dict[str, object]:
        """Return the content of ``meta.json``, ``{}`` when there is none or it cannot be read as an object."""
        try:
            found = json.loads(self.meta.read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def update_meta(self, **fields: object) -> dict[str, object]:
        """Set these fields of ``meta.json``, keep all others, and return the whole; safe among several processes.

        Raises TimeoutError when another process holds the file for 10 seconds, other OSErrors as they come.
        """
        return self.change_meta(lambda meta: meta | fields)

    def change_meta(
        self, change: Callable[[dict[str, object]], dict[str, object]], timeout: float = 10.0
    ) -> dict[str, object]:
        """Put ``change(meta)`` in place of ``meta.json``, with no other change in between, and return it."""
        with self.locked("meta", timeout):
            meta = change(self.read_meta())
            write_json(self.meta, meta)
        return meta

    @contextlib.contextmanager
    def locked(self, what: str, timeout: float = 10.0) -> Iterator[int]:
        """Hold the lock file ``.<what>.lock`` of this folder and give its descriptor.

        Every use opens the file anew, so that threads exclude each other too. Where the file system has no locks,
        none is held. Raises TimeoutError after ``timeout`` seconds.
        """
        name = self.path / f".{what}.lock"
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, name, timeout)
            try:
                yield descriptor
            finally:
                # Said in so many words: a process that was forked meanwhile holds the same lock by its copy.
                try_lock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)

    def resolve(self, relative: str | os.PathLike[str], root: Literal["artifacts", "run"] = "artifacts") -> Path:
        """Return the real path of a name below ``artifacts/`` or the run folder.

        Raises InvalidInput for a name that leaves it: absolute, through ``..`` or through a link.
        """
        text = os.fspath(relative)
        base = Path(os.path.realpath(self.artifacts if root == "artifacts" else self.path))
        if not text or "\0" in text or Path(text).is_absolute() or ".." in Path(text).parts:
            raise InvalidInput(f"{text!r} is not a name below {base.name}/.", hint="Use a relative name without '..'.")
        real = Path(os.path.realpath(base / text))
        if base not in real.parents:
            raise InvalidInput(
                f"{text!r} is not a name below {base.name}/.", hint="It is the folder itself or leads out of it."
            )
        return real


def _lock(descriptor: int, name: Path, timeout: float) -> None:
    """Lock by asking again and again: a holder that was stopped must not stop us for ever."""
    deadline, pause = time.monotonic() + timeout, 0.0005
    while not try_lock(descriptor):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Another process holds {name} for {timeout:g} s.")
        time.sleep(pause)
        pause = min(pause * 2, 0.02)


def try_lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Lock without waiting; whether it succeeded. Where the file system has no locks, every attempt succeeds."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True
