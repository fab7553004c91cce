"""Puts what a job needs into a staging folder of the home, from which the server takes it when it accepts the job."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from trackside.cells.carry import CarryPlan
from trackside.cells.manifest import Manifest
from trackside.cells.packing import Wanted, pack
from trackside.errors import TryAgain
from trackside.tracking.home import ensure_home, home_dir

__all__ = ["Staged", "drop", "link", "linked", "stage", "stage_call"]


@dataclass(frozen=True)
class Staged:
    """A folder ready for submission: ``id`` goes into the submission, ``remarks`` are sentences for the user."""

    id: str
    folder: Path
    manifest: Manifest
    remarks: tuple[str, ...] = ()


def stage(plan: CarryPlan, *, home: Path | None = None) -> Staged | None:
    """Write what a plan carries to ``<home>/staging/<id>/``; None when it carries nothing.

    Raises TryAgain when the home cannot be written to; nothing is left then.
    """
    if not plan.items:
        return None
    with _new_folder(home) as folder:
        manifest = plan.write(folder)
    return Staged(folder.name, folder, manifest, plan.remarks)


def stage_call(
    function: Callable[..., object],
    args: Sequence[object] = (),
    kwargs: Mapping[str, object] | None = None,
    *,
    home: Path | None = None,
) -> Staged:
    """Write a function and its arguments, and what it reads of the program that it was defined in.

    Raises NotCarried naming the argument or global that cannot travel, and the path to what is in the way.
    """
    parts: dict[str, object] = {"function": function, "args": tuple(args), "kwargs": dict(kwargs or {})}
    packed = pack([Wanted(name, value, into="call") for name, value in parts.items()], _program_of(function))
    with _new_folder(home) as folder:
        manifest = packed.write(folder)
    return Staged(folder.name, folder, manifest, tuple(packed.remarks))


def drop(staged: Staged) -> None:
    """Remove a staging folder whose submission failed; one that the server took is gone already."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(staged.folder)


def linked(folder: Path) -> Path:
    """Return another staging folder with the same files: hard links, or copies where there can be none."""
    with _new_folder(folder.parent.parent) as other:
        for file in folder.iterdir():
            link(file, other / file.name)
    return other


def link(source: Path, target: Path) -> None:
    """Give a file another name, or make a copy of it where it can have none."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _program_of(function: Callable[..., object]) -> MutableMapping[str, object]:
    """Return the globals that travel with a function: those of the notebook or script it was defined in."""
    inner = getattr(function, "__wrapped__", function)
    own = getattr(inner, "__globals__", None)
    if isinstance(own, dict) and own.get("__name__") == "__main__":
        return cast("MutableMapping[str, object]", own)
    return vars(sys.modules["__main__"])


@contextlib.contextmanager
def _new_folder(home: Path | None) -> Iterator[Path]:
    """Make a staging folder; on any error it is removed."""
    root = home_dir() if home is None else home
    ensure_home(root)
    folder = root / "staging" / secrets.token_hex(16)
    try:
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700)
        yield folder
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise TryAgain(
                f"The values could not be written to {folder.parent}: {error.strerror or error}.",
                hint="Make room there, or set TRACKSIDE_HOME to another folder.",
                code="home_not_writable",
            ) from error
        raise
