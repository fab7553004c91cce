"""One file from the server to this machine, however big."""

from __future__ import annotations

from pathlib import Path

import httpx

from trackside.client._async.connection import AsyncConnection, Params
from trackside.client.aside import written_aside
from trackside.errors import ServerUnreachable

__all__ = ["download_to"]

_TRIES = 3
_SILENCE = 60.0


async def download_to(connection: AsyncConnection, url: str, params: Params, target: Path) -> Path:
    """Write the file beside its target, then rename it; a broken connection begins it anew, twice at most.

    Raises InvalidInput when the target cannot be written.
    """
    tries = 1
    while True:
        try:
            async with connection.opened(url, params, {}, idle=_SILENCE) as response:
                await _receive(connection, response, target)
            return target
        except ServerUnreachable as error:
            if error.code != "connection_lost" or tries == _TRIES:
                raise
        tries += 1


async def _receive(connection: AsyncConnection, response: httpx.Response, target: Path) -> None:
    with written_aside(target) as file:
        async for chunk in connection.chunks(response):
            file.write(chunk)
