"""The standard ``logging``: ``logging.getLogger().addHandler(LogHandler())`` puts its lines into the run's log."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Mapping

from trackside.tracking.current import current_run
from trackside.tracking.ending import open_runs
from trackside.tracking.folder import RunFolder
from trackside.tracking.integrations.attachment import Attachment
from trackside.tracking.lines import open_lines
from trackside.tracking.run import Run, job_folder

__all__ = ["LogHandler"]

_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class LogHandler(logging.Handler):
    """Appends each record as a line to ``output.log`` of the open run (or of ``run``), where panels show it.

    Level, filters and ``setFormatter`` are those of any handler. While there is no run, nothing is written and none is
    made. In a job the log is what the job prints: there a record that another handler prints is not written twice.

    Numbers travel without a format: ``logger.info("epoch done", extra={"metrics": {"loss": 0.5}, "step": 3})`` also
    logs ``loss`` at step 3. ``dropped`` counts what could not be written, and values that a run cannot hold.
    """

    def __init__(self, level: int | str = logging.NOTSET, *, run: Run | None = None) -> None:
        super().__init__(level)
        self.setFormatter(logging.Formatter(_LINE))
        self._run = run
        self._attachment = Attachment("LogHandler")
        self._open: tuple[RunFolder, int] | None = None
        """The run folder that was written to last, and the descriptor of its log."""

    @property
    def dropped(self) -> int:
        """The number of lines that could not be written and of values that a run cannot hold."""
        return self._attachment.dropped

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; ``logging`` holds the lock of this handler meanwhile."""
        try:
            metrics = getattr(record, "metrics", None)
            if isinstance(metrics, Mapping):
                self._log(metrics, getattr(record, "step", None))
            folder = self._folder()
            if folder is not None and not _is_printed(record, folder):
                self._append(folder, f"{self.format(record)}\n".encode("utf-8", "backslashreplace"))
        except Exception:  # noqa: BLE001  logging's own rule: a handler reports what happens to it, and raises nothing
            self.handleError(record)

    def close(self) -> None:
        """Close the file; a later record opens it again."""
        with self.lock or contextlib.nullcontext():
            self._shut()
        super().close()

    def _folder(self) -> RunFolder | None:
        run = self._run or (open_runs[-1] if open_runs else None)
        return RunFolder(run.run_dir) if run is not None else job_folder()

    def _log(self, metrics: Mapping[str, object], step: object) -> None:
        run = self._run or (open_runs[-1] if open_runs else None)
        if run is None and job_folder() is not None:
            run = current_run()
        if run is not None:
            self._attachment.run = run
            self._attachment.log(metrics, step)

    def _append(self, folder: RunFolder, line: bytes) -> None:
        try:
            if self._open is None or self._open[0].path != folder.path:
                self._shut()
                self._open = (folder, open_lines(folder.log))
            if os.write(self._open[1], line) != len(line):
                raise OSError(f"Only a part of a line fitted into {folder.log}.")
        except OSError as error:
            self._attachment.drop("line", f"{error}.")

    def _shut(self) -> None:
        if self._open is not None:
            os.close(self._open[1])
            self._open = None


def _is_printed(record: logging.LogRecord, folder: RunFolder) -> bool:
    """Whether this is a job's log, and another handler writes the record to what the job prints."""
    job = job_folder()
    if job is None or job.path != folder.path:
        return False
    logger: logging.Logger | None = logging.getLogger(record.name)
    while logger is not None:
        for handler in logger.handlers:
            if getattr(handler, "stream", None) in (sys.stdout, sys.stderr) and record.levelno >= handler.level:
                return True
        logger = logger.parent if logger.propagate else None
    return False
