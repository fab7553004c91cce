"""Growing files, looked at once for all their watchers, and only while somebody watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

__all__ = ["Tails"]

_INTERVAL = 0.03
"""Seconds between looks at a watched file: far under what a person sees, and a ``stat`` costs microseconds."""


class Tails:
    """Tells watchers when their files may have changed. One task looks at all watched files; none watched, no task."""

    def __init__(self) -> None:
        self._watched: dict[Path, set[asyncio.Event]] = {}
        self._seen: dict[Path, tuple[int, int]] = {}
        self._task: asyncio.Task[None] | None = None

    async def changes(self, *paths: Path, folder: Path) -> AsyncGenerator[None, None]:
        """Yield once at first, then after each change of one of the files, and whenever ``folder`` is poked."""
        changed = asyncio.Event()
        for path in (*paths, folder):
            self._watch(path, changed)
        try:
            yield
            while True:
                await changed.wait()
                changed.clear()
                yield
        finally:
            for path in (*paths, folder):
                self._unwatch(path, changed)

    def poke(self, folder: Path) -> None:
        """Make everybody who watches something of this run folder look again."""
        for changed in self._watched.get(folder, ()):
            changed.set()

    def _watch(self, path: Path, changed: asyncio.Event) -> None:
        self._seen.setdefault(path, _state(path))
        self._watched.setdefault(path, set()).add(changed)
        if self._task is None:
            self._task = asyncio.create_task(self._look(), name="trackside-tails")

    def _unwatch(self, path: Path, changed: asyncio.Event) -> None:
        watchers = self._watched.get(path, set())
        watchers.discard(changed)
        if not watchers:
            self._watched.pop(path, None)
            self._seen.pop(path, None)

    async def _look(self) -> None:
        while self._watched:
            for path, watchers in list(self._watched.items()):
                state = _state(path)
                if state != self._seen.get(path):
                    self._seen[path] = state
                    for changed in watchers:
                        changed.set()
            await asyncio.sleep(_INTERVAL)
        self._task = None

    def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._watched.clear()


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (-1, 0)
    return (found.st_size, found.st_mtime_ns)
