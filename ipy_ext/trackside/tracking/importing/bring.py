"""Imports runs of other trackers into the home, each once, each whole."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from trackside.errors import InvalidInput, NotFound, TracksideError, near
from trackside.tracking.clock import moment
from trackside.tracking.folder import RunFolder
from trackside.tracking.home import ensure_home, home_dir
from trackside.tracking.importing.draft import Draft, sweep
from trackside.tracking.importing.origin import Origin, find_imported

LOG = logging.getLogger("trackside")

__all__ = ["KINDS", "Imported", "NotImported", "Source", "import_runs"]

KINDS: Mapping[str, str] = {
    "tensorboard": "event_files",
    "wandb-offline": "wandb_offline",
    "mlflow": "mlflow_store",
    "csv": "csv_file",
    "whirr": "run_folders",
}
"""The kinds of sources, and the modules that read them."""


class Source(Protocol):
    """One run as another tracker keeps it."""

    @property
    def origin(self) -> Origin:
        """Where it comes from."""

    @property
    def modified(self) -> float:
        """When something of it was written last, in seconds since 1970, UTC; 0 where that is not known."""

    def read(self, draft: Draft) -> None:
        """Fill the draft with all there is. Raises TracksideError when that cannot be read at all."""


class Imported(NamedTuple):
    """A run that is in the home; ``existing`` when an earlier import had brought it."""

    folder: RunFolder
    origin: Origin
    name: str
    existing: bool
    records: int = 0
    samples: int = 0
    media: int = 0
    notes: tuple[str, ...] = ()


class NotImported(NamedTuple):
    """A run that could not be read, and why."""

    origin: Origin
    error: TracksideError


def import_runs(
    kind: str,
    paths: Iterable[Path | str],
    *,
    home: Path | None = None,
    again: bool = False,
    name: str | None = None,
    tags: Iterable[str] = (),
    options: Mapping[str, str] | None = None,
) -> Iterator[Imported | NotImported]:
    """Import the runs found at these paths, and yield what became of each, as it is done.

    ``kind`` is one of ``KINDS``. A run that was imported before stays as it is, unless ``again`` asks for a copy.
    ``name`` and ``tags`` describe what is imported; ``options`` are those of the kind (csv: ``step``, ``time``).

    Raises InvalidInput for a kind that is none, or a path that holds no such thing, and NotFound for no path at all.
    """
    if kind not in KINDS:
        raise InvalidInput(f"{kind!r} cannot be imported.", hint=near(kind, KINDS) or f"Known: {', '.join(KINDS)}.")
    reader = importlib.import_module(f"trackside.tracking.importing.{KINDS[kind]}")
    found = [Path(path).expanduser().resolve() for path in paths]
    for path in found:
        if not path.exists():
            raise NotFound(f"There is no {str(path)!r}.", hint=f"Working folder: {Path.cwd()}.")
    home = home or home_dir()
    home_id = ensure_home(home)
    runs = home / "runs"
    runs.mkdir(mode=0o700, exist_ok=True)
    sweep(runs)
    sources = (source for path in found for source in _find(reader, path, options or {}))
    for source in _one_only(sources) if name else sources:
        yield _bring(source, runs, home_id, again=again, name=name, tags=list(tags))


def _find(reader: Any, path: Path, options: Mapping[str, str]) -> Iterator[Source]:
    try:
        yield from reader.find(path, options)
    except OSError as error:
        raise _unusable(Path(error.filename or path), error) from error


def _one_only(sources: Iterator[Source]) -> Iterator[Source]:
    first, second = next(sources), next(sources, None)
    if second is not None:
        raise InvalidInput("There are several runs; they cannot all have one name.", hint="Give tags instead.")
    yield first


def _bring(
    source: Source, runs: Path, home_id: str, *, again: bool, name: str | None, tags: list[str]
) -> Imported | NotImported:
    before = None if again else find_imported(runs, source.origin)
    if before is not None:
        return _existing(before, source)
    try:
        draft = Draft(runs, home_id, source.origin)
    except OSError as error:
        raise _unusable(runs, error) from error
    try:
        source.read(draft)
        folder, existing = draft.publish(name=name, tags=tags, again=again)
    except TracksideError as error:
        return NotImported(source.origin, error)
    except OSError as error:
        return NotImported(source.origin, _unusable(Path(error.filename or runs), error))
    except Exception as error:
        LOG.debug("%s could not be read", source.origin.path, exc_info=error)
        return NotImported(source.origin, _unreadable(source.origin, error))
    finally:
        draft.discard()
    called = str(folder.read_meta().get("name"))
    counts = (draft.records, draft.samples, draft.media)
    return Imported(folder, source.origin, called, existing, *counts, tuple(draft.notes))


def _existing(folder: RunFolder, source: Source) -> Imported:
    """Return a run that is here already, with a word where its source has more by now."""
    meta = folder.read_meta()
    origin = meta.get("imported_from")
    imported_at = moment(origin.get("imported_at")) if isinstance(origin, dict) else None
    grown = imported_at is not None and source.modified > imported_at
    notes = ("Its source was written to since then.",) if grown else ()
    return Imported(folder, source.origin, str(meta.get("name")), existing=True, notes=notes)


def _unreadable(origin: Origin, error: Exception) -> InvalidInput:
    said = " ".join(str(error).split())[:300]
    return InvalidInput(
        f"{origin.path} cannot be read: {type(error).__name__}{': ' if said else ''}{said}.",
        hint="TRACKSIDE_LOG=debug shows where.",
        code="unreadable_source",
    )


def _unusable(path: Path, error: OSError) -> InvalidInput:
    return InvalidInput(f"{path} cannot be used: {error.strerror or error}.", hint="Nothing was imported from it.")
