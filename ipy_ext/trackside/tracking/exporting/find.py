"""Which run folders are meant: by id, number, name or path, looked up in the home itself."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from trackside.errors import AmbiguousName, NotFound, near
from trackside.tracking.folder import RunFolder
from trackside.tracking.home import home_dir

__all__ = ["find_runs"]

_SHOWN = 5


def find_runs(words: Iterable[str], home: Path | None = None) -> list[RunFolder]:
    """Return the folder that each word means, each once: an id, a job's number, a unique name, or a run folder's path.

    Raises NotFound for a word that means none, with the near ones, and AmbiguousName for a name of several runs.
    """
    home_runs = _HomeRuns((home or home_dir()) / "runs")
    found = {folder.path: folder for folder in map(home_runs.find, words)}
    return list(found.values())


class _HomeRuns:
    """The runs of one home; their names are read only when a word is no id and no path."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, word: str) -> RunFolder:
        tries = [Path(word).expanduser()]
        if os.sep not in word:
            tries = [self._path / (f"job-{word}" if word.isdigit() else word), *tries]
        for path in tries:
            if path.name and (path / "meta.json").is_file():
                return RunFolder(path)
        named = self._by_name.get(word, [])
        if len(named) > 1:
            more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
            ids = ", ".join(sorted(folder.path.name for folder in named)[-_SHOWN:])
            raise AmbiguousName(f"{len(named)} runs are called {word!r}.", hint=f"Use the id: {ids}{more}.")
        if not named:
            known = [*self._by_name, *(folder.path.name for each in self._by_name.values() for folder in each)]
            hint = near(word, known) or "`trackside runs` lists them."
            raise NotFound(f"There is no run {word!r} in {self._path.parent}.", hint=hint, code="run_not_found")
        return named[0]

    @cached_property
    def _by_name(self) -> dict[str, list[RunFolder]]:
        names: dict[str, list[RunFolder]] = {}
        for entry in os.scandir(self._path) if self._path.is_dir() else ():
            if not entry.name.startswith("."):
                folder = RunFolder(entry.path)
                names.setdefault(str(folder.read_meta().get("name") or entry.name), []).append(folder)
        return names
