"""A run: the tracked record of work, in a folder of its own; inside a job it is the job's."""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any

from trackside.errors import InvalidInput, RunClosedError
from trackside.tracking import artifacts, ending, meta
from trackside.tracking.atomic import write_json
from trackside.tracking.capture import Capture
from trackside.tracking.folder import RunFolder
from trackside.tracking.home import ensure_home, home_dir
from trackside.tracking.indices import IndexBlocks
from trackside.tracking.losses import Losses
from trackside.tracking.media.shelf import Shelf
from trackside.tracking.media.verbs import MediaVerbs
from trackside.tracking.recorder import Recorder
from trackside.tracking.sampler import INTERVAL, SamplerThread
from trackside.tracking.steps import Progress
from trackside.tracking.syncing import SyncThread
from trackside.tracking.values import fields_of, loggable, plain, restore_floats

if TYPE_CHECKING:
    from pandas import DataFrame

    from trackside.tracking.reading.table import Library

__all__ = ["Run", "job_folder"]


def job_folder() -> RunFolder | None:
    """Return the run folder of the job that this process belongs to, None outside a job."""
    path = os.environ.get("TRACKSIDE_RUN_DIR")
    return RunFolder(path) if path else None


class Run(MediaVerbs):
    """One tracked run. Nothing that goes wrong with its files stops the work; ``dropped`` counts what was lost.

    ``config`` may be a dict, a dataclass, an ``argparse.Namespace`` or a model. ``system_metrics`` samples the
    machine every ``system_interval`` seconds (in a job its runner does), and notes which GPUs there are; ``capture_git``
    and ``capture_pip`` note commit and package versions. A job that was given a name keeps it.

    Raises InvalidInput when the run folder cannot be made, or ``config`` has no fields.
    """

    def __init__(
        self,
        name: str | None = None,
        config: object = None,
        tags: Sequence[str] | None = None,
        system_metrics: bool = True,
        capture_git: bool = True,
        capture_pip: bool = True,
        *,
        system_interval: float = INTERVAL,
    ) -> None:
        fields = self._fields_of(config)
        self._pid, self._began = os.getpid(), time.monotonic()
        self._lock = threading.RLock()
        self._status = "running"
        self._reason: dict[str, str] | None = None
        self._ended = False
        self._config: dict[str, object] = {}
        job = job_folder()
        self._in_job = job is not None
        self._folder = job or _new_folder(name, _texts(tags), fields)
        self._losses = Losses(self.run_id)
        self._name, self._tags = name or self.run_id, _texts(tags)
        if job is not None:
            self._change(lambda found: meta.joined(found, job))
            self.describe(name, config, tags)
        else:
            self._config = fields
        self._recorder = _recorder(self._folder, self._losses)
        self._progress = Progress(self._folder, self._losses)
        first = job is None or _is_first_of_attempt(job)
        wanted = {"git": capture_git and first, "pip": capture_pip and first, "gpus": system_metrics and first}
        self._capture = Capture(self._folder, self._losses, **wanted)
        self._capture.start()
        self._sampler: SamplerThread | None = None
        if system_metrics and not self._in_job:
            self._sampler = SamplerThread(self._folder, self._losses, system_interval)
            self._sampler.start()
        self._sync = SyncThread(self._folder, self._losses)
        self._sync.start()
        ending.watch(self)

    @property
    def run_id(self) -> str:
        """The id of the run, the name of its folder."""
        return self._folder.path.name

    @property
    def run_dir(self) -> Path:
        """The folder that holds everything of the run."""
        return self._folder.path

    @property
    def name(self) -> str:
        """The name for people; the id where none was given."""
        return self._name

    @property
    def config(self) -> Mapping[str, object]:
        """The configuration, read-only."""
        return MappingProxyType(self._config)

    @property
    def tags(self) -> list[str]:
        """The tags, those of the job included."""
        return list(self._tags)

    @property
    def status(self) -> str:
        """``running``, or how this process ended the run; of a job only its runner knows the final status."""
        return self._status

    @property
    def dropped(self) -> int:
        """The number of records and files that could not be written."""
        self._recorder.settle()
        return self._losses.count

    def __repr__(self) -> str:
        name = "" if self.name == self.run_id else f" {self.name}"
        return f"<Run {self.run_id}{name} {self._status}>"

    def log(self, metrics: Mapping[str, Any], step: float | None = None) -> None:
        """Append one record of metrics, at once and whole: what has returned survives the death of the process.

        Values are numbers (of Python, numpy, torch, jax, …), bools, None or short texts; nested dicts become
        ``a/b``. ``step`` is any number; it may repeat and go back. Raises NotLoggable (a TypeError) naming the key whose value is something
        else, and RunClosedError (a RuntimeError) after ``finish``.
        """
        try:
            refused = self._recorder.send((metrics, step))
        except (ValueError, StopIteration):
            refused = self._recorder.in_turn((metrics, step))
        if refused:
            raise self._recorder.take_problem()

    def metrics(
        self, keys: str | Iterable[str] | None = None, *, x: str = "step", library: Library = "pandas"
    ) -> DataFrame:
        """Return what was logged so far, by all processes of the run: a row for each record, ``x`` the first column.

        ``x`` is ``step``, ``time`` or any key, ``keys`` are the other columns (default: all). ``library`` may also be
        ``"polars"``. Works after ``finish`` too. Raises NotFound for a key that nobody logged.
        """
        from trackside.tracking.reading import metrics_table

        return metrics_table(self.run_dir, keys, x, library)

    def summary(self, metrics: Mapping[str, Any]) -> None:
        """Keep these values as the result of the run; later calls add to it. Values as in ``log``."""
        self._need_open()
        values = loggable(metrics, reserved=frozenset())
        self._change(lambda meta: meta | {"summary": {**_dict(meta.get("summary")), **values}})

    def save_artifact(self, source_path: str | os.PathLike[str], artifact_name: str | None = None) -> Path:
        """Copy a file or folder below ``artifacts/`` and return the path of the copy.

        The name is that of the source unless given, and may have folders in it. Nothing is overwritten: another
        content under a name that is taken gets a number (``model-2.pt``). Raises NotFound when there is nothing to
        save and InvalidInput for a name that leads out of ``artifacts/``.
        """
        self._need_open()
        try:
            return artifacts.save(self._folder, source_path, artifact_name)
        except OSError as error:
            self._losses.add(error)
            return self._folder.artifacts / (artifact_name or Path(source_path).name)

    def progress(self, i: float, total: float | None = None) -> None:
        """Show that ``i`` of ``total`` steps are done."""
        self._need_open()
        self._progress.show(i, total)

    def shown_progress(self) -> Progress | None:
        """Return what ``trackside.progress`` writes to, None once the run is finished."""
        return self._progress if self._status == "running" else None

    def finish(self) -> None:
        """End the run as ``completed``; safe to call again. In a job the final status stays the runner's."""
        self.close(*ending.COMPLETED)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.close(*(ending.COMPLETED if kind is None else ending.of_exception(kind, value)))

    def describe(self, name: str | None = None, config: object = None, tags: Sequence[str] | None = None) -> None:
        """Add name, configuration and tags to the run; a job that was given a name keeps it."""
        fields = self._fields_of(config)
        found = self._change(lambda found: meta.described(found, name, _texts(tags), job=self._in_job))
        if found is not None:
            self._name, self._tags = str(found.get("name")), [str(tag) for tag in _list(found.get("tags"))]
        self._write_config(fields)

    def _fields_of(self, config: object) -> dict[str, object]:
        fields = {} if config is None else fields_of(config)
        if fields is None:
            raise InvalidInput(
                f"config: a {type(config).__name__} has no fields.", hint="Give a dict, a dataclass or vars(args)."
            )
        return {str(key): value for key, value in fields.items()}

    def _write_config(self, fields: dict[str, object]) -> None:
        """Put more fields into ``config.json``; ``config`` has the values as they were given."""
        self._config |= fields
        try:
            with self._folder.locked("config"):
                there = _read_object(self._folder.config)
                write_json(self._folder.config, there | {key: plain(value) for key, value in fields.items()})
            self._config = {**_dict(restore_floats(there)), **self._config}
        except OSError as error:
            self._losses.add(error)

    def close(self, status: str, reason: dict[str, str] | None, *, patience: float = 10.0) -> None:
        """End the run with this status and reason, waiting at most about ``patience`` seconds; once only."""
        with self._lock:
            first = self._status == "running"
            if first:
                self._status, self._reason = status, reason
        if first:
            self._progress.close()
            self._recorder.close(self.run_id)
        if os.getpid() == self._pid:  # else a forked child: the run goes on in its parent
            if first:
                self._stop_threads(patience)
            if not self._ended:  # also when a signal interrupts the first one who got here
                self._write_end(patience)
                self._ended = True
                self._sync.stop(patience)
        ending.forget(self)

    def _stop_threads(self, patience: float) -> None:
        if self._sampler is not None:
            self._sampler.stop(min(2.0, patience))
        self._capture.wait(patience)

    def _write_end(self, patience: float) -> None:
        seconds = time.monotonic() - self._began
        if not self._in_job:
            self._change(lambda found: meta.ended(found, self._status, self._reason, seconds), patience)
        if self._losses.count:
            self._change(lambda found: found | {"dropped": self._losses.count}, patience)

    def _media_shelf(self) -> Shelf:
        self._need_open()
        return Shelf(self._folder, self._losses)

    def _need_open(self) -> None:
        if self._status != "running":
            raise RunClosedError(f"The run {self.run_id} is finished.", hint="Call trackside.init() for a new one.")

    def _change(
        self, change: Callable[[dict[str, object]], dict[str, object]], patience: float = 10.0
    ) -> dict[str, object] | None:
        """Change ``meta.json``; None when that was not possible."""
        try:
            try:
                return self._folder.change_meta(change, patience)
            except TimeoutError:
                # Its holder was stopped, or is the code that a signal interrupted: better a race than nothing.
                changed = change(self._folder.read_meta())
                write_json(self._folder.meta, changed)
                return changed
        except OSError as error:
            self._losses.add(error)
            return None


def _new_folder(name: str | None, tags: list[str], config: dict[str, object]) -> RunFolder:
    """Make the folder of a new run without a job, and write its first ``meta.json`` and its ``config.json``."""
    home = home_dir()
    home_id = ensure_home(home, sync=False)
    run_id = meta.new_run_id(dt.datetime.now(dt.UTC), os.urandom(6))
    folder = RunFolder(home / "runs" / run_id)
    try:
        folder.path.parent.mkdir(mode=0o700, exist_ok=True)
        folder.create()
        write_json(folder.meta, meta.described(meta.begun(folder, home_id), name, tags, job=False))
        write_json(folder.config, {key: plain(value) for key, value in config.items()})
    except OSError as error:
        raise InvalidInput(
            f"The run folder {folder.path} cannot be made: {error.strerror or error}.",
            hint="Set TRACKSIDE_HOME to a folder with space that you may write to.",
        ) from error
    return folder


def _is_first_of_attempt(folder: RunFolder) -> bool:
    """Whether this is the first process of a job's attempt to track: it captures for the others too."""
    attempt = os.environ.get("TRACKSIDE_ATTEMPT", "")
    try:
        os.close(os.open(folder.captured(int(attempt) if attempt.isdigit() else 1), os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    except OSError:
        return True
    return True


def _recorder(folder: RunFolder, losses: Losses) -> Recorder:
    """Return the writer of metrics of this process: of one host in ``metrics.jsonl``, of the others by rank."""
    rank = os.environ.get("TRACKSIDE_NODE_RANK", "0")
    number = int(rank) if rank.isdigit() else 0
    path = folder.metrics if number == 0 else folder.rank_metrics(number)
    # Appends of several hosts to one file are not atomic, and neither are their locks: each has a range of its own.
    return Recorder(path, IndexBlocks(folder, path, first=number << 40), losses)


def _texts(tags: Sequence[str] | None) -> list[str]:
    """Return the tags, each once; a single text is one tag."""
    return list(dict.fromkeys(map(str, [tags] if isinstance(tags, str) else tags or ())))


def _read_object(path: Path) -> dict[str, object]:
    try:
        return _dict(json.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError):
        return {}


def _dict(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
