"""Large data of pickles in a file of its own: written from where it lies, mapped when it is loaded."""

from __future__ import annotations

import errno
import os
import pickle
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

__all__ = ["Aside", "map_buffers", "reserve", "write_buffers"]

_ALIGNMENT = 64
_PAGE = 4096
_LARGE = 1024 * 1024
_RESERVED_FROM = 16 * 1024 * 1024


def write_buffers(file: IO[bytes], buffers: Iterable[pickle.PickleBuffer]) -> list[tuple[int, int]]:
    """Append each buffer at an offset that suits any array, and return (offset, size) of each."""
    places = []
    views = [buffer.raw() for buffer in buffers]
    reserve(file, sum(view.nbytes for view in views))
    for view in views:
        file.write(bytes(-file.tell() % (_PAGE if view.nbytes >= _LARGE else _ALIGNMENT)))
        places.append((file.tell(), view.nbytes))
        file.write(view)
    return places


def reserve(file: IO[bytes], size: int) -> None:
    """Let the file system set room aside for so many bytes more: they are written quicker, or fail before the first.

    A file system that cannot do this is asked for nothing; the file's length stays.
    """
    if size < _RESERVED_FROM:
        return
    from trackside.tracking.blocks import KEEP_SIZE, fallocate

    problem = fallocate(file.fileno(), KEEP_SIZE, file.tell(), size)
    if problem in (errno.ENOSPC, errno.EDQUOT):
        raise OSError(problem, os.strerror(problem))


def map_buffers(path: Path, places: Iterable[tuple[int, int]]) -> Iterator[memoryview]:
    """Yield the buffers of a file as memory that may be written to without changing the file.

    Pages are read when they are used; the file may be removed meanwhile.
    """
    view: memoryview | None = None
    for offset, size in places:
        if view is None:
            view = _map(path)
        yield view[offset : offset + size]


def _map(path: Path) -> memoryview:
    import mmap

    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))


class Aside:
    """A file of mode 0600 that appears under its name when the block ends well, and else not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")

    def __enter__(self) -> IO[bytes]:
        descriptor = os.open(self._aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        return self._file

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._file.close()
        finally:
            if kind is None:
                self._aside.replace(self._path)
            else:
                self._aside.unlink()
