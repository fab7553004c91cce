"""The client: everything a server can do, from Python."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from types import TracebackType

import httpx
import msgspec

from trackside.client._async.connection import AsyncConnection, Params
from trackside.client._async.jobs import AsyncJobs
from trackside.client._async.monitoring import AsyncMonitoring
from trackside.client._async.queue import AsyncJobQueue
from trackside.client._async.runs import AsyncRuns
from trackside.client._async.stream import AsyncStream
from trackside.client.access import Access
from trackside.client.address import Address
from trackside.client.awaiting import Flow
from trackside.errors import ServerUnreachable
from trackside.models import Event, GpuReport, Health
from trackside.models.housekeeping import Diagnosis, Pruned
from trackside.models.stream import EventMessage, ServerMessage

__all__ = ["AsyncClient"]


class AsyncClient:
    """Speaks to one Trackside server over one keep-alive connection, made at the first request.

    Without ``url`` it finds the server that belongs to this kernel, script or job, and starts a headless one where
    there is none. ``ca_cert``, ``client_cert`` and ``client_key`` are paths of PEM files; without them those of
    ``TRACKSIDE_CA_CERT``, ``TRACKSIDE_CLIENT_CERT`` and ``TRACKSIDE_CLIENT_KEY``. ``transport`` stands in for the network in tests. May be used as a context manager.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        ca_cert: str | None = None,
        client_cert: str | None = None,
        client_key: str | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._access = Access(url, token, ca_cert, client_cert, client_key)
        self._connection = AsyncConnection(self._access.find, transport=transport)
        self.jobs = AsyncJobs(self._connection)
        self.queue = AsyncJobQueue(self._connection)
        self.runs = AsyncRuns(self._connection)
        self.monitoring = AsyncMonitoring(self._connection)

    async def health(self) -> bool:
        """Return whether the server answers and is well; starts none."""
        try:
            health = await self._connection.get("health", Health, start=False)
        except ServerUnreachable:
            return False
        return health.ok

    async def info(self) -> Health:
        """Return what the server is: version, home, and whether it schedules."""
        return await self._connection.get("health", Health)

    async def gpus(self) -> GpuReport:
        """Return the GPUs of the server's machine and who holds them."""
        return await self._connection.get("gpus", GpuReport)

    async def doctor(self) -> Diagnosis:
        """Return what the server finds around itself, what is enforced, what is wrong and how to mend it."""
        return await self._connection.get("doctor", Diagnosis)

    async def prune(
        self,
        *,
        older_than: str | float | None = None,
        keep: int | None = None,
        max_size: str | int | None = None,
        status: str | None = None,
        tag: str | None = None,
        dry_run: bool = True,
    ) -> Pruned:
        """Return which finished runs would go; with ``dry_run=False`` they are deleted for good.

        ``older_than``: ``"30d"``, or seconds since their end. ``max_size``: ``"50G"``, or bytes that all runs may take;
        the oldest go first. The newest ``keep`` stay, as do all that have the tag ``keep``. ``status`` and ``tag``
        leave all others alone.
        """
        rule = {"older_than": older_than, "keep": keep, "max_size": max_size, "status": status, "tag": tag}
        content = msgspec.json.encode({**rule, "dry_run": dry_run})
        return await self._connection.value("POST", "prune", Pruned, content=content)

    async def events(self, since: int | None = None) -> Flow[Event]:
        """Yield what happens, for as long as you take it: from now on, or from after the event with id ``since``.

        Each event comes once and in order, also over a restart of the server.
        """
        async with aclosing(self.event_messages(since)) as messages:
            async for message in messages:
                if isinstance(message, EventMessage):
                    yield message.event

    async def event_messages(self, since: int | None = None) -> Flow[ServerMessage]:
        """Yield the same events as messages, with ``Subscribed`` each time a connection stands: then is the time to look."""
        stream = AsyncStream(self._connection, "events", {"since": since}, resume="since")
        async with aclosing(stream.messages()) as messages:
            async for message in messages:
                yield message

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        most: int | None = None,
    ) -> httpx.Response:
        """Return the whole answer to a request below the API, as it came; of ``most`` bytes at most.

        For those who pass requests on; everybody else has a method for what they want.
        """
        return await self._connection.answer(
            method, path, params=params, content=content, headers=headers, repeat=method == "GET", most=most
        )

    async def address(self) -> Address:
        """Return where the server is, finding (or starting) it first where that has not happened yet."""
        return await self._connection.address()

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<AsyncClient {self._access}>"
