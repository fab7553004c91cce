"""What SQLite and the file system say when they fail, as errors that name the file and the next step."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from trackside.errors import InternalError, InvalidInput, TracksideError, TryAgain

__all__ = ["explained", "is_busy", "is_of_the_file", "reachable", "translate"]

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
    """Return what callers get to see for ``error``; whatever does not come from the database is unchanged."""
    if not isinstance(error, DBAPIError):
        return error
    of = next((of for words, of in _KINDS if _says(error, words)), None)
    named = of(path) if of is not None else InternalError(f"The store {path} failed: {error.orig}.")
    named.__cause__ = error
    return named


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Translate what the database raises inside the block."""
    try:
        yield
    except DBAPIError as error:
        raise translate(error, path) from error


@contextmanager
def reachable(path: Path) -> Iterator[None]:
    """Translate what the file system raises inside the block, which does nothing but open or make ``path``."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise _full(path) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR}:
            raise _read_only(path) from error
        raise


def _busy(path: Path) -> TracksideError:
    return TryAgain(f"{path} is held by another process.", hint="Repeat in a moment.", code="store_busy")


def _full(path: Path) -> TracksideError:
    return TryAgain(
        f"The disk that holds {path} is full; nothing was changed.",
        hint="Free some space, then repeat.",
        code="disk_full",
    )


def _read_only(path: Path) -> TracksideError:
    return InvalidInput(
        f"{path} cannot be opened for writing; nothing was changed.",
        hint=f"Make {path.parent} a folder that you can write, or set TRACKSIDE_HOME to one.",
        code="store_read_only",
    )


def _damaged(path: Path) -> TracksideError:
    return InvalidInput(
        f"{path} is damaged, or no Trackside store.",
        hint="Move it away, then run `trackside reindex`: the run folders hold everything but the secrets.",
        code="store_damaged",
    )


def _failing(path: Path) -> TracksideError:
    return TryAgain(
        f"Reading or writing {path} failed; nothing was changed.",
        hint="Look for a full disk, a quota or a failing device, then repeat.",
        code="store_io",
    )


def _says(error: DBAPIError, words: tuple[str, ...]) -> bool:
    said = str(error.orig).lower()
    return any(word in said for word in words)


_KINDS: tuple[tuple[tuple[str, ...], Callable[[Path], TracksideError]], ...] = (
    (_BUSY, _busy),
    (_FULL, _full),
    (_READ_ONLY, _read_only),
    (_DAMAGED, _damaged),
    (_DISK, _failing),
)
