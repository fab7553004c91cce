"""Gets what travels with a submission into the home of the server that will take it."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from trackside.cells.staging import Staged, drop, linked
from trackside.errors import InvalidInput

if TYPE_CHECKING:
    from trackside.client import Client

__all__ = ["home_of", "shared_staging", "staged"]


@contextlib.contextmanager
def staged(client: Client, write: Callable[[Path], Staged | None]) -> Iterator[dict[str, object]]:
    """Let ``write`` fill a staging folder of the server's home; give the field that names it in the submission.

    The server moves the folder into the run when it takes the job; when the submission fails, it is removed.
    """
    written = write(home_of(client))
    try:
        yield {"staging": written.id} if written is not None else {}
    except BaseException:
        if written is not None:
            drop(written)
        raise


@contextlib.contextmanager
def shared_staging(client: Client, staging: object, number: int) -> Iterator[list[str | None]]:
    """Give one staging folder for each of several submissions, all with the files of the one named; None: with none.

    The files are hard links, so that large values lie on the disk once. What was not taken is removed.
    """
    if staging is None:
        yield [None] * number
        return
    first = home_of(client) / "staging" / str(staging)
    others: list[Path] = []
    try:
        others.extend(linked(first) for _ in range(number - 1))
        yield [str(staging), *(folder.name for folder in others)]
    except BaseException:
        for folder in others:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def home_of(client: Client) -> Path:
    """Return the home of the client's server as this machine sees it.

    Raises InvalidInput when the server's files are not within reach.
    """
    address = client.address()
    home, home_id = address.home, address.home_id
    if home is None or home_id is None:  # known from the server's own file only; else it says so itself
        health = client.info()
        home, home_id = health.home, health.home_id
    if _home_id(Path(home)) != home_id:
        raise InvalidInput(
            f"Values cannot be carried to {address.url}: its folder {home} is not on this machine.",
            hint="Submit a command, or a cell with -i none.",
            code="not_this_machine",
        )
    return Path(home)


def _home_id(home: Path) -> str | None:
    try:
        found = json.loads((home / "home.json").read_bytes())
    except (OSError, ValueError):
        return None
    return str(found.get("home_id")) if isinstance(found, dict) else None
