"""Gets what travels with a submission into the home of the server that will take it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from trackside.cells.staging import Staged, drop
from trackside.errors import InvalidInput

if TYPE_CHECKING:
    from trackside.client import Client

__all__ = ["home_of", "staged"]

_homes: dict[tuple[str, int | None], Path] = {}


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


def home_of(client: Client) -> Path:
    """Return the home of the client's server as this machine sees it.

    Raises InvalidInput when the server's files are not within reach.
    """
    address = client.address()
    key = (address.url, address.pid)
    if key not in _homes:
        health = client.info()
        home = Path(health.home)
        if _home_id(home) != health.home_id:
            raise InvalidInput(
                f"Values cannot be carried to {address.url}: its folder {home} is not on this machine.",
                hint="Submit a command, or a cell with -i none.",
                code="not_this_machine",
            )
        _homes[key] = home
    return _homes[key]


def _home_id(home: Path) -> str | None:
    try:
        found = json.loads((home / "home.json").read_bytes())
    except (OSError, ValueError):
        return None
    return str(found.get("home_id")) if isinstance(found, dict) else None
