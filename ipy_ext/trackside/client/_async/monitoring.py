"""The machine that the server runs on."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from typing import overload

from trackside.client._async.connection import AsyncConnection
from trackside.client._async.stream import AsyncStream
from trackside.client.awaiting import Flow
from trackside.client.parts import DETAILS, chosen_parts, only
from trackside.models import SystemSample
from trackside.models.stream import SystemMessage

__all__ = ["AsyncMonitoring"]


class AsyncMonitoring:
    """CPU, memory, disks, network, GPUs, processes and jobs of the server's machine, now or again and again."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def status(self) -> SystemSample:
        """Return the machine as it is now, with all disks, the network and the processes that use most of it."""
        return await self._connection.get("system", SystemSample, {"details": 1})

    @overload
    def stream(self, interval: float = 5.0, types: None = None) -> Flow[SystemSample]: ...

    @overload
    def stream(self, interval: float = 5.0, *, types: Iterable[str]) -> Flow[dict[str, object]]: ...

    def stream(
        self, interval: float = 5.0, types: Iterable[str] | None = None
    ) -> Flow[SystemSample] | Flow[dict[str, object]]:
        """Yield the machine every ``interval`` seconds, for as long as you take it.

        With ``types`` (some of ``cpu``, ``memory``, ``disk``, ``gpus``, ``jobs``, ``disks``, ``network``, ``processes``)
        only their fields, as a dict with ``at``.
        """
        if types is None:
            return self._samples(interval)
        fields = chosen_parts(types)
        return self._parts(interval, fields)

    async def _samples(self, interval: float, *, details: bool = False) -> Flow[SystemSample]:
        asked = {"interval": interval, "details": 1 if details else None}
        stream = AsyncStream(self._connection, "system/stream", asked)
        async with aclosing(stream.messages()) as messages:
            async for message in messages:
                if isinstance(message, SystemMessage):
                    yield message.system

    async def _parts(self, interval: float, fields: list[str]) -> Flow[dict[str, object]]:
        async with aclosing(self._samples(interval, details=not DETAILS.isdisjoint(fields))) as samples:
            async for sample in samples:
                yield only(sample, fields)
