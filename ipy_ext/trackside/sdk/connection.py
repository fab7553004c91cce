"""The one client of this process, for everyone who does not bring a client."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trackside.client import Client

__all__ = ["default_client", "forget_client", "use_client"]

_lock = threading.Lock()
_client: Client | None = None


def default_client() -> Client:
    """Return the client to the server that this process belongs to; found at the first request, found anew when it moved."""
    global _client
    with _lock:
        if _client is None:
            from trackside.client import Client

            _client = Client()
        return _client


def use_client(client: Client) -> None:
    """Let everything in this process that does not name a client speak through this one."""
    global _client
    with _lock:
        _client = client


def forget_client() -> None:
    """Close the client; the next use finds the server anew."""
    global _client
    with _lock:
        client, _client = _client, None
    if client is not None:
        client.close()
