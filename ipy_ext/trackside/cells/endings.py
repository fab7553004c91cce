"""The same end for every kind of job: values out, exception noted, streams flushed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from trackside.tracking.folder import RunFolder

__all__ = ["finish", "show_error"]

_pid = os.getpid()


def finish(
    folder: RunFolder,
    spec: Mapping[str, object],
    namespace: Mapping[str, object],
    error: BaseException | None,
    shown: str,
) -> None:
    """Write the values that were asked for, also after an error as far as they exist, and what ended the code.

    ``shown`` is the traceback as it stands in the log. A value that cannot be written is a sentence there.
    """
    if os.getpid() != _pid:
        return  # a child that the user's code forked came out here: the job is not over
    names = spec.get("outputs")
    if names or error is not None:
        from trackside.cells.outcome import write_exception, write_results

        for sentence in write_results(folder.results, names if isinstance(names, list) else (), namespace):
            print(f"trackside: {sentence}", file=sys.stderr)  # noqa: T201 (the job's log)
        if error is not None and not isinstance(error, SystemExit):
            write_exception(folder.results, error, shown)
    sys.stdout.flush()
    sys.stderr.flush()


def show_error(folder: RunFolder, error: BaseException) -> str:
    """Print the traceback of the user's code to the log, keep it among the outputs, and return it."""
    if isinstance(error, SystemExit):
        return ""
    from trackside.cells.outputs import OutputLog
    from trackside.cells.tracebacks import format_error, message_of

    text = format_error(error)
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)  # noqa: T201 (the job's log)
    OutputLog(folder).error(type(error).__name__, message_of(error), text)
    return text
