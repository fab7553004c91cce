"""REST and events: ``AsyncClient`` is written, ``Client`` is generated from it and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trackside.client._async.client import AsyncClient
    from trackside.client._sync.client import Client
    from trackside.client.address import Address
    from trackside.client.discovery import find_server

__all__ = ["Address", "AsyncClient", "Client", "find_server"]

_HOMES = {
    "Address": "trackside.client.address",
    "AsyncClient": "trackside.client._async.client",
    "Client": "trackside.client._sync.client",
    "find_server": "trackside.client.discovery",
}


def __getattr__(name: str) -> object:
    """Load a name when it is first used: the HTTP library takes a tenth of a second to import."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
