"""A WebSocket to a Trackside server, over the package ``websockets``, with the errors of our own tree."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trackside.client.address import Address
from trackside.client.answers import refusal
from trackside.client.failures import failure
from trackside.client.tls import tls_context

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

__all__ = ["WebSocket"]

_LARGEST = 64 * 1024 * 1024
"""Bytes of a message; a longer one is no message of ours."""
_PATIENCE = 10.0
_SILENCE = 90.0
"""Seconds without an answer to a ping after which a connection is lost: a busy server is not a dead one."""


class WebSocket:
    """An open connection; iterate over ``messages()`` in one task, ``send`` from any task of the same loop."""

    def __init__(self, address: Address, connection: ClientConnection) -> None:
        self._address = address
        self._connection = connection

    @classmethod
    async def open(cls, address: Address, path: str = "ws") -> WebSocket:
        """Connect to a path below the API; raises the errors of ``failure`` and ``refusal``."""
        from websockets.asyncio.client import connect

        url = address.api + path
        secure = url.startswith("https:")
        with _our_errors(address):
            connection = await connect(
                url.replace("http", "ws", 1),
                additional_headers={"Authorization": f"Bearer {address.token}"} if address.token else None,
                user_agent_header="trackside",
                ssl=tls_context(address) if secure else None,
                proxy=None if address.is_loopback else True,
                compression=None,
                max_size=_LARGEST,
                open_timeout=_PATIENCE,
                ping_timeout=_SILENCE,
                close_timeout=1,
            )
        return cls(address, connection)

    async def send(self, text: str) -> None:
        """Send one message; raises ServerUnreachable when the connection is broken."""
        with _our_errors(self._address):
            await self._connection.send(text)

    async def messages(self) -> AsyncIterator[str]:
        """Yield each message until the server closes the connection; raises ServerUnreachable when it breaks."""
        with _our_errors(self._address):
            async for message in self._connection:
                yield message if isinstance(message, str) else message.decode("utf-8", "replace")

    async def close(self) -> None:
        """Close the connection, whatever state it is in."""
        await self._connection.close()


@contextmanager
def _our_errors(address: Address) -> Iterator[None]:
    from websockets.exceptions import InvalidStatus, WebSocketException

    try:
        yield
    except InvalidStatus as error:
        answer = error.response
        headers = {name.lower(): value for name, value in answer.headers.raw_items()}
        raise refusal(answer.status_code, headers, bytes(answer.body or b""), address) from error
    except (OSError, EOFError) as error:
        raise failure(error if isinstance(error, OSError) else ConnectionResetError(), address) from error
    except WebSocketException as error:
        raise failure(ConnectionResetError(str(error)), address) from error
