"""What SQLite says when it fails, as errors that name the file and the next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, IntegrityError

from trackside.errors import InternalError, InvalidInput, TracksideError, TryAgain

__all__ = ["explained", "is_busy", "is_of_the_file", "translate"]

_BUSY = ("database is locked", "database table is locked", "database schema is locked")
_FULL = ("database or disk is full",)
_READ_ONLY = ("readonly database", "unable to open database file", "read-only")
_DAMAGED = ("malformed", "file is not a database", "file is encrypted")
_DISK = ("disk i/o error",)


def is_busy(error: BaseException) -> bool:
    """Return whether another process holds the store's lock."""
    return isinstance(error, DBAPIError) and _says(error, _BUSY)


def is_of_the_file(error: BaseException) -> bool:
    """Return whether file or disk failed, so that the whole transaction is in doubt and not one statement."""
    return isinstance(error, DBAPIError) and _says(error, (*_BUSY, *_FULL, *_READ_ONLY, *_DAMAGED, *_DISK))


def translate(error: BaseException, path: Path) -> BaseException:
    """Return what callers get to see for ``error``; whatever does not come from the database is returned unchanged."""
    if not isinstance(error, DBAPIError):
        return error
    named = _named(error, path)
    named.__cause__ = error
    return named


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Translate what the database raises inside the block."""
    try:
        yield
    except DBAPIError as error:
        raise translate(error, path) from error


def _named(error: DBAPIError, path: Path) -> TracksideError:
    if _says(error, _BUSY):
        return TryAgain(f"The store {path} is held by another process.", hint="Repeat in a moment.", code="store_busy")
    if _says(error, _FULL):
        return TryAgain(
            f"The disk of the store {path} is full; nothing was changed.",
            hint="Free some space, then repeat.",
            code="disk_full",
        )
    if _says(error, _READ_ONLY):
        return InvalidInput(
            f"The store {path} cannot be written; nothing was changed.",
            hint=f"Make {path.parent} writable, or set TRACKSIDE_HOME to a folder that is.",
            code="store_read_only",
        )
    if _says(error, _DAMAGED):
        return InvalidInput(
            f"The store {path} is damaged or is no Trackside store.",
            hint="Move it away, then run `trackside reindex`: the run folders hold everything else.",
            code="store_damaged",
        )
    if _says(error, _DISK):
        return TryAgain(
            f"Reading or writing the store {path} failed; nothing was changed.",
            hint="Look for a full disk, a quota or a failing device, then repeat.",
            code="store_io",
        )
    if isinstance(error, IntegrityError):
        return InternalError(f"The store {path} refused a record: {error.orig}.")
    return InternalError(f"The store {path} failed: {error.orig}.")


def _says(error: DBAPIError, words: tuple[str, ...]) -> bool:
    said = str(error.orig).lower()
    return any(word in said for word in words)
