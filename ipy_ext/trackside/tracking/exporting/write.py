"""Exports runs into files that appear whole or not at all, and replace none unless asked to."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from trackside.errors import Conflict, InvalidInput, NotFound, near
from trackside.tracking.artifacts import move_new
from trackside.tracking.exporting.contents import Contents
from trackside.tracking.folder import RunFolder

__all__ = ["FORMATS", "Exported", "export_runs"]

FORMATS: Mapping[str, str] = {"csv": "as_csv", "parquet": "as_parquet", "json": "as_json"}
"""The formats, and the modules that write them."""


class Exported(NamedTuple):
    """One file that was written; ``path`` is None where it went to a stream."""

    path: Path | None
    run_ids: tuple[str, ...]
    records: int
    notes: tuple[str, ...] = ()


def export_runs(
    format: str,  # noqa: A002  the word that people know
    runs: Iterable[RunFolder | str | os.PathLike[str]],
    target: str | os.PathLike[str] | BinaryIO | None = None,
    *,
    force: bool = False,
) -> list[Exported]:
    """Write the metrics of these run folders as ``csv``, ``parquet`` or ``json``, and return what was written.

    ``target`` is a file or a stream that takes all of them, or a folder (one that exists, or a path with a slash at its
    end) that gets a file each. By default it is ``<run id>.<format>`` here, of several runs ``runs.<format>``. Of a
    run in progress it is what there is.

    Raises InvalidInput for another format, no run, or a file that is named as of another format, NotFound for a folder
    that is no run or not there, and Conflict for a file that exists, unless ``force`` replaces it.
    """
    if format not in FORMATS:
        raise InvalidInput(
            f"{format!r} is no format of an export.", hint=near(format, FORMATS) or f"Known: {', '.join(FORMATS)}."
        )
    contents = [_contents(RunFolder(run)) for run in runs]
    if not contents:
        raise InvalidInput("There is no run to export.", hint="Name at least one.")
    if target is not None and not isinstance(target, (str, os.PathLike)):
        return [_write(format, contents, target)]
    files = _files(format, contents, target)
    for path, _ in files:
        if path.exists() and not force:
            raise _exists(path)
    return [_export(format, content, path, force=force) for path, content in files]


def _contents(folder: RunFolder) -> Contents:
    if not folder.meta.is_file():
        raise NotFound(f"{folder.path} is no run folder.", hint="It has no meta.json.")
    return Contents(folder)


def _files(
    format: str,  # noqa: A002
    contents: Sequence[Contents],
    target: str | os.PathLike[str] | None,
) -> list[tuple[Path, Sequence[Contents]]]:
    """Return which file gets which runs."""
    if target is None:
        stem = contents[0].run_id if len(contents) == 1 else "runs"
        return [(Path.cwd() / f"{_safe(stem)}.{format}", contents)]
    path = Path(target).expanduser()
    if path.is_dir() or os.fspath(target).endswith(os.sep):
        _need_folder(path.parent)
        return [(path / f"{_safe(content.run_id)}.{format}", [content]) for content in contents]
    ending = path.suffix.removeprefix(".").lower()
    if ending in FORMATS and ending != format:
        raise InvalidInput(
            f"{path} would hold {format}, not {ending}.", hint=f"Export as {ending}, or end the name with .{format}."
        )
    _need_folder(path.parent)
    return [(path, contents)]


def _need_folder(path: Path) -> None:
    if not path.is_dir():
        raise NotFound(f"There is no folder {path}.", hint="Make it first, or name another.")


def _safe(run_id: str) -> str:
    """An id is what a ``meta.json`` says, which may be anything."""
    return run_id.replace("/", "_").replace("\0", "_").lstrip(".")[:200] or "run"


def _export(format: str, contents: Sequence[Contents], path: Path, *, force: bool) -> Exported:  # noqa: A002
    aside = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        path.parent.mkdir(exist_ok=True)  # a folder that takes a file of each run
        with aside.open("xb") as file:
            written = _write(format, contents, file)
        if force:
            aside.replace(path)
        elif not move_new(aside, path):
            raise _exists(path)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror or error}.", hint="Use another -o.") from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink()
    return written._replace(path=path)


def _write(format: str, contents: Sequence[Contents], file: BinaryIO) -> Exported:  # noqa: A002
    writer = importlib.import_module(f"trackside.tracking.exporting.{FORMATS[format]}")
    count = writer.write(contents, file)
    notes = [f"{run.run_id} is still going on: this is what there was." for run in contents if run.is_running]
    notes += [f"{run.run_id}: {_torn(run.torn)} passed over." for run in contents if run.torn]
    return Exported(None, tuple(run.run_id for run in contents), count, tuple(notes))


def _torn(count: int) -> str:
    return "1 torn line was" if count == 1 else f"{count} torn lines were"


def _exists(path: Path) -> Conflict:
    return Conflict(f"{path} exists.", hint="--force replaces it (force=True in Python).", code="exists")
