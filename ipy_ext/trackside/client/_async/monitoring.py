"""The machine that the server runs on."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from typing import overload

from trackside.client._async.connection import AsyncConnection
from trackside.client._async.stream import AsyncStream
from trackside.client.awaiting import Flow
from trackside.client.parts import chosen_parts, only
from trackside.models import SystemSample
from trackside.models.stream import SystemMessage

__all__ = ["AsyncMonitoring"]


class AsyncMonitoring:
    """CPU, memory, disk, GPUs and jobs of the server's machine, now or again and again."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def status(self) -> SystemSample:
        """Return the machine as it is now."""
        return await self._connection.get("system", SystemSample)

    @overload
    def stream(self, interval: float = 5.0, types: None = None) -> Flow[SystemSample]: ...

    @overload
    def stream(self, interval: float = 5.0, *, types: Iterable[str]) -> Flow[dict[str, object]]: ...

    def stream(
        self, interval: float = 5.0, types: Iterable[str] | None = None
    ) -> Flow[SystemSample] | Flow[dict[str, object]]:
        """Yield the machine every ``interval`` seconds, for as long as you take it.

        With ``types`` (some of ``cpu``, ``memory``, ``disk``, ``gpus``, ``jobs``) only their fields, as a dict with
        ``at``.
        """
        return self._samples(interval) if types is None else self._parts(interval, chosen_parts(types))

    async def _samples(self, interval: float) -> Flow[SystemSample]:
        stream = AsyncStream(self._connection, "system/stream", {"interval": interval})
        async with aclosing(stream.messages()) as messages:
            async for message in messages:
                if isinstance(message, SystemMessage):
                    yield message.system

    async def _parts(self, interval: float, fields: list[str]) -> Flow[dict[str, object]]:
        async with aclosing(self._samples(interval)) as samples:
            async for sample in samples:
                yield only(sample, fields)
