"""What SQLite and the file system say when they fail, as errors that name the file and the next step."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from trackside.errors import InternalError, InvalidInput, TracksideError, TryAgain

__all__ = ["FAILURES", "explained", "is_busy", "is_of_the_file", "reachable", "translate"]

FAILURES = (DBAPIError, sqlite3.Error)
"""What the database raises: through SQLAlchemy, and where the driver is asked directly."""
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_busy(error: BaseException) -> bool:
    """Return whether another process holds the store's lock."""
    return _code(error) in _BUSY


def is_of_the_file(error: BaseException) -> bool:
    """Return whether file or disk failed, so that the whole transaction is in doubt and not one statement."""
    return _code(error) in _FAMILIES


def translate(error: BaseException, path: Path) -> BaseException:
    """Return what callers get to see for ``error``; whatever does not come from the database is unchanged."""
    if not isinstance(error, FAILURES):
        return error
    family = _FAMILIES.get(_code(error) or 0)
    named = family(path) if family is not None else InternalError(f"The store {path} failed: {_original(error)}.")
    named.__cause__ = error
    return named


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Translate what the database raises inside the block."""
    try:
        yield
    except FAILURES as error:
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
        hint="Run `trackside reindex`: the run folders hold everything but the secrets; the damaged file is kept.",
        code="store_damaged",
    )


def _failing(path: Path) -> TracksideError:
    return TryAgain(
        f"Reading or writing {path} failed; nothing was changed.",
        hint="Look for a full disk, a quota or a failing device, then repeat.",
        code="store_io",
    )


def _original(error: BaseException) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def _code(error: BaseException) -> int | None:
    """Return SQLite's primary result code, if SQLite gave one."""
    code = getattr(_original(error), "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


_FAMILIES: dict[int, Callable[[Path], TracksideError]] = {
    **dict.fromkeys(_BUSY, _busy),
    sqlite3.SQLITE_FULL: _full,
    sqlite3.SQLITE_READONLY: _read_only,
    sqlite3.SQLITE_CANTOPEN: _read_only,
    sqlite3.SQLITE_PERM: _read_only,
    sqlite3.SQLITE_CORRUPT: _damaged,
    sqlite3.SQLITE_NOTADB: _damaged,
    sqlite3.SQLITE_IOERR: _failing,
}
