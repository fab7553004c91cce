"""Every error that Trackside raises, one tree, in families by what the caller can do next.

::

    TracksideError
    ├── InvalidInput            fix the input
    │   ├── NotLoggable         (also TypeError)   a value that a record cannot hold
    │   ├── NotCarried          a name that cannot travel into a job
    │   └── MissingPackage      (also ImportError)   an optional package is not installed here
    ├── NotFound                name something that exists
    │   └── AmbiguousName       several things have this name; use the id
    ├── Conflict                the thing is in another state than the verb needs
    │   └── RunClosedError      (also RuntimeError)   log after finish
    ├── NotAllowed              sign in, or ask for the right
    ├── TryAgain                wait, then repeat
    │   ├── ServerUnreachable   no Trackside server answers
    │   ├── TooManyRequests     ask less often; follow events instead
    │   └── WaitTimeout         (also TimeoutError)   the job goes on
    ├── JobFailed               the job ended without the result that was asked for
    └── InternalError           report it

Each error has ``code`` (stable, also on the wire), ``hint`` (what to do next, may be empty) and ``transient``
(whether the same call may succeed later).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

__all__ = [
    "AmbiguousName",
    "Conflict",
    "InternalError",
    "InvalidInput",
    "JobFailed",
    "MissingPackage",
    "NotAllowed",
    "NotCarried",
    "NotFound",
    "NotLoggable",
    "RunClosedError",
    "ServerUnreachable",
    "TooManyRequests",
    "TracksideError",
    "TryAgain",
    "WaitTimeout",
    "from_wire",
    "near",
    "set_log_level",
]


class TracksideError(Exception):
    """The base of all Trackside errors."""

    default_code: ClassVar[str] = "error"
    transient: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message

    def _render_traceback_(self) -> list[str]:
        """One line in a notebook: our own frames help nobody who mistyped an option."""
        return [f"{type(self).__name__}: {self}"]


class InvalidInput(TracksideError):
    """What was asked for cannot be read or cannot be done; nothing was made."""

    default_code = "invalid_input"


class NotLoggable(InvalidInput, TypeError):
    """A value of a type that a record cannot hold."""

    default_code = "not_loggable"


class NotCarried(InvalidInput):
    """A value that the cell needs cannot travel into a job."""

    default_code = "not_carried"


class MissingPackage(InvalidInput, ImportError):
    """An optional package is needed that is not installed here."""

    default_code = "missing_package"


class NotFound(TracksideError):
    """Nothing has this id or name."""

    default_code = "not_found"


class AmbiguousName(NotFound):
    """Several things have this name."""

    default_code = "ambiguous_name"


class Conflict(TracksideError):
    """The thing is in another state than the verb needs."""

    default_code = "conflict"


class RunClosedError(Conflict, RuntimeError):
    """The run is finished; nothing more can be logged to it."""

    default_code = "run_closed"


class NotAllowed(TracksideError):
    """The server does not know this caller, or the caller may not do this."""

    default_code = "not_allowed"


class TryAgain(TracksideError):
    """The same call may succeed later."""

    default_code = "try_again"
    transient = True


class ServerUnreachable(TryAgain):
    """No Trackside server answers at this address."""

    default_code = "server_unreachable"


class TooManyRequests(TryAgain):
    """More requests came from this caller than one may send."""

    default_code = "too_many_requests"


class WaitTimeout(TryAgain, TimeoutError):
    """The time to wait is over; the job goes on."""

    default_code = "wait_timeout"


class JobFailed(TracksideError):
    """The job ended without the result that was asked for."""

    default_code = "job_failed"


class InternalError(TracksideError):
    """Something in Trackside itself went wrong."""

    default_code = "internal_error"


_BY_CODE: Mapping[str, type[TracksideError]] = {
    cls.default_code: cls
    for cls in (
        InvalidInput,
        NotLoggable,
        NotCarried,
        NotFound,
        AmbiguousName,
        Conflict,
        RunClosedError,
        NotAllowed,
        TryAgain,
        ServerUnreachable,
        TooManyRequests,
        WaitTimeout,
        JobFailed,
        InternalError,
    )
}
_BY_STATUS: Mapping[int, type[TracksideError]] = {
    400: InvalidInput,
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    413: InvalidInput,
    429: TooManyRequests,
    503: TryAgain,
}


def from_wire(status: int, code: str, message: str, hint: str = "") -> TracksideError:
    """Return the error that an HTTP answer of this status and this error body stands for."""
    family = _BY_CODE.get(code) or _BY_STATUS.get(status, InternalError)
    return family(message, hint=hint, code=code)


def near(wrong: str, known: Iterable[str]) -> str:
    """Return ``"Did you mean 'a' or 'b'?"`` for the known names near a wrong one, or that begin so; else nothing."""
    import difflib

    names = list(known)
    close = difflib.get_close_matches(wrong, names, n=3, cutoff=0.6)
    if not close and len(wrong) > 2:
        close = [name for name in names if name.startswith(wrong)][:3]
    return f"Did you mean {' or '.join(repr(name) for name in close)}?" if close else ""


def set_log_level(level: str | int) -> None:
    """Show what Trackside does from this level on (``"debug"``, ``"info"``, …) on standard error."""
    import logging

    logger = logging.getLogger("trackside")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("trackside: %(levelname)s: %(message)s"))
        logger.addHandler(handler)
    logger.setLevel(level.upper() if isinstance(level, str) else level)
