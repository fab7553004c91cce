"""Copies files and folders into a run's ``artifacts/``: whole or not at all, and never over another one."""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path

from trackside.errors import InvalidInput, NotFound
from trackside.tracking.folder import RunFolder

__all__ = ["move_new", "save"]


def save(folder: RunFolder, source_path: str | os.PathLike[str], artifact_name: str | None = None) -> Path:
    """Copy a file or a folder below ``artifacts/`` and return where it is.

    The name may have folders in it (``"epoch-3/model.pt"``). If the name is taken by the same content, that one is
    returned; if by another, a number is added: ``model.pt``, ``model-2.pt``, … Links are followed, so that what is
    saved is there when their targets are gone.

    Raises NotFound when there is no such file, InvalidInput for a name that leads out of ``artifacts/``, OSError
    when it cannot be written.
    """
    source = Path(source_path)
    if not source.exists():
        raise NotFound(f"There is no file {os.fspath(source)!r} to save.", hint=f"Working folder: {Path.cwd()}.")
    wanted = folder.resolve(artifact_name or source.resolve().name)
    if source.is_dir() and source.resolve() in (folder.artifacts.resolve(), *folder.artifacts.resolve().parents):
        raise InvalidInput(f"{os.fspath(source)!r} holds the run itself.", hint="Save a folder that does not.")
    wanted.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = wanted.with_name(f".{wanted.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        _copy(source, aside)
        return _place(aside, wanted)
    finally:
        _remove(aside)


def _copy(source: Path, target: Path) -> None:
    import shutil

    if source.is_dir():
        _copy_folder(source, target, frozenset())
    else:
        shutil.copy2(source, target)


def _copy_folder(source: Path, target: Path, above: frozenset[tuple[int, int]]) -> None:
    """Copy a folder; a link to a folder that it lies in is left out, and so is what is no file."""
    import shutil

    status = source.stat()
    inside = above | {(status.st_dev, status.st_ino)}
    target.mkdir()
    for entry in sorted(source.iterdir()):
        if entry.is_dir():
            below = entry.stat()
            if (below.st_dev, below.st_ino) not in inside:
                _copy_folder(entry, target / entry.name, inside)
        elif entry.is_file():
            shutil.copy2(entry, target / entry.name)
    shutil.copystat(source, target)


def _place(aside: Path, wanted: Path) -> Path:
    """Give the copy its name, or the next free one, and return its path; an equal one that is there stays."""
    for number in itertools.count(1):
        name = wanted.name if number == 1 else f"{wanted.stem}-{number}{wanted.suffix}"
        place = wanted.with_name(name)
        if not place.exists() and move_new(aside, place):
            return place
        if _equal(aside, place):
            return place
    raise AssertionError("there is always a next number")


def move_new(aside: Path, place: Path) -> bool:
    """Rename without replacing, and return whether the name was free.

    A link for a file; an empty folder, which only one can make, for a folder.
    """
    try:
        if aside.is_dir():
            place.mkdir()
            aside.rename(place)
        else:
            place.hardlink_to(aside)
    except FileExistsError:
        return False
    except OSError:
        if place.exists() or aside.is_dir():
            raise
        aside.rename(place)  # a file system without hard links
    return True


def _equal(one: Path, other: Path) -> bool:
    if one.is_dir() != other.is_dir():
        return False
    if not one.is_dir():
        import filecmp

        return filecmp.cmp(one, other, shallow=False)
    names = sorted(entry.name for entry in one.iterdir())
    return names == sorted(entry.name for entry in other.iterdir()) and all(
        _equal(one / name, other / name) for name in names
    )


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir():
            import shutil

            shutil.rmtree(path)
        else:
            path.unlink()
