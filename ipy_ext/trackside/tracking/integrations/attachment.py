"""The run that a callback writes to: one that is open already, else one of its own, which it also ends."""

from __future__ import annotations

import contextlib
import logging
import weakref
from collections.abc import Callable, Mapping, Sequence

from trackside.errors import NotLoggable, RunClosedError
from trackside.tracking.current import current_run, init
from trackside.tracking.ending import COMPLETED, Outcome, open_runs
from trackside.tracking.folder import RunFolder
from trackside.tracking.integrations.hyperparameters import brief
from trackside.tracking.run import Run, job_folder
from trackside.tracking.values import Scalar, loggable

__all__ = ["Attachment", "stopped_early"]

_log = logging.getLogger("trackside")
_owned: weakref.WeakSet[Run] = weakref.WeakSet()
"""Runs that attachments made. Each belongs to its maker alone: what trains next gets a run of its own."""


def stopped_early(_run: Run | None = None) -> Outcome:
    """Return the outcome of a training of which nobody said that it ended."""
    return "failed", {"code": "exception", "message": "The training stopped before its end."}


class Attachment:
    """What one callback has to do with runs. ``dropped`` counts the values that a run cannot hold.

    In a job the run is the job's, else the newest open one that ``trackside.init`` made; such a run is never ended
    here. Without one, ``begin`` makes a run (``own``), and ``end`` finishes it. If the callback goes away without a
    word, its own run ends with what ``forgotten`` returns.
    """

    def __init__(
        self,
        who: str,
        *,
        name: str | None = None,
        tags: Sequence[str] = (),
        forgotten: Callable[[Run], Outcome] = stopped_early,
    ) -> None:
        self.who, self.dropped, self.own = who, 0, False
        self.prefix = ""
        self.run: Run | None = None
        self._name, self._tags, self._forgotten = name, tags, forgotten
        self._farewell: weakref.finalize[[Run, Callable[[Run], Outcome]], Attachment] | None = None
        self._said: set[str] = set()

    def __getstate__(self) -> dict[str, object]:
        """A copy, in this process or another, finds a run for itself."""
        return self.__dict__ | {"run": None, "own": False, "dropped": 0, "_farewell": None, "_said": set()}

    @property
    def is_open(self) -> bool:
        """Whether there is a run that goes on."""
        return self.run is not None and self.run.status == "running"

    def begin(self, name: str | None = None, config: Mapping[str, object] | None = None) -> Run:
        """Find or make the run of a training that begins, and add ``config`` to it; what is there already stays."""
        if self.own and self.is_open:
            self.end(stopped_early())
        run = _shared_run()
        self.own = run is None
        if run is None:
            run = init(self._name or name, tags=self._tags)
            _owned.add(run)
            self._farewell = weakref.finalize(self, _close, run, self._forgotten)
            self._farewell.atexit = False  # the end of the process closes runs itself, with the right reason
        elif self._tags:
            run.describe(tags=self._tags)
        self.run = run
        self.configure(config or {})
        return run

    @property
    def is_late(self) -> bool:
        """Whether the own run is finished: what comes now can only be a result."""
        return self.own and not self.is_open

    def look(self) -> None:
        """See that there is a run to write to: the one so far if it is open or an own one, else what ``begin`` finds."""
        if self.run is None or (not self.is_open and (not self.own or _shared_run() is not None)):
            self.begin()

    def need(self) -> Run:
        """Return the run, begun if there was none."""
        return self.run if self.run is not None else self.begin()

    def configure(self, config: Mapping[str, object]) -> None:
        """Add to the run's configuration, in brief; never instead of what is there."""
        if self.run is not None and self.is_open:
            new = {key: value for key, value in brief(config).items() if key not in self.run.config}
            if new:
                self.run.describe(config=new)

    def log(self, values: Mapping[str, object], step: object = None) -> None:
        """Log what of ``values`` a record can hold; the rest is dropped and counted."""
        if not values:
            return
        run = self.need()
        named = {self.prefix + str(key): value for key, value in values.items()} if self.prefix else values
        try:
            run.log(named, step)  # type: ignore[arg-type]  # it takes any number there is, and refuses all else
        except RunClosedError as error:
            self.drop("closed", str(error), len(named))
        except Exception:  # noqa: BLE001  a value's own code may raise anything; which one is found out now
            self._log_part(run, self._kept(named), step)

    def _log_part(self, run: Run, kept: dict[str, Scalar], step: object) -> None:
        if not kept:
            return
        try:
            run.log(kept, step)  # type: ignore[arg-type]
        except (NotLoggable, RunClosedError) as error:
            self.drop("step", str(error), len(kept))

    def _kept(self, values: Mapping[str, object]) -> dict[str, Scalar]:
        kept: dict[str, Scalar] = {}
        for key, value in values.items():
            try:
                kept |= loggable({key: value})
            except Exception as error:  # noqa: BLE001  as above
                self.drop("value", str(error))
        return kept

    def summary(self, values: Mapping[str, object]) -> None:
        """Keep values as results, also of an own run that is finished: an evaluation after the training is one."""
        run, kept = self.need(), self._kept(values)
        named = {self.prefix + key: value for key, value in kept.items()}
        if not named:
            return
        try:
            if self.is_late:
                RunFolder(run.run_dir).change_meta(lambda meta: meta | {"summary": _joined(meta.get("summary"), named)})
            else:
                run.summary(named)
        except (OSError, RunClosedError) as error:
            self.drop("closed", str(error), len(named))

    def progress(self, i: float, total: float | None) -> None:
        """Show how far the training is."""
        if self.run is not None and not self.prefix:
            with contextlib.suppress(RunClosedError):
                self.run.progress(i, total)

    def keep(self, write: Callable[[Run], None]) -> None:
        """Have something written to the run that is no number; what it refuses is dropped and counted."""
        try:
            write(self.need())
        except (NotLoggable, RunClosedError) as error:
            self.drop("media", str(error))

    def drop(self, topic: str, why: str, count: int = 1) -> None:
        """Count what is not kept; the first time of each topic is a warning."""
        self.dropped += count
        if topic not in self._said:
            self._said.add(topic)
            _log.warning("%s: %s What a run cannot hold is left out and counted (dropped).", self.who, why)

    def end(self, outcome: Outcome = COMPLETED) -> None:
        """Finish the run if it is an own one; another one goes on."""
        if self._farewell is not None:
            self._farewell.detach()
        if self.own and self.run is not None:
            self.run.close(*outcome)


def _shared_run() -> Run | None:
    """Return the run that this process works on for somebody else than a callback."""
    if job_folder() is not None:
        return current_run()
    return next((run for run in reversed(open_runs) if run not in _owned), None)


def _close(run: Run, outcome: Callable[[Run], Outcome]) -> None:
    if run.status == "running":
        run.close(*outcome(run))


def _joined(found: object, more: Mapping[str, object]) -> dict[str, object]:
    return {**(found if isinstance(found, dict) else {}), **more}
