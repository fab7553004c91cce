# Generated from trackside/client/_async by `python -m trackside.client.generate`; edit there.
"""The machine that the server runs on."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import overload

from trackside.client._sync.connection import Connection
from trackside.client._sync.stream import Stream
from trackside.client.parts import DETAILS, chosen_parts, only
from trackside.client.waiting import Flow
from trackside.models import SystemSample
from trackside.models.stream import SystemMessage

__all__ = ["Monitoring"]


class Monitoring:
    """CPU, memory, disks, network, GPUs, processes and jobs of the server's machine, now or again and again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def status(self) -> SystemSample:
        """Return the machine as it is now, with all disks, the network and the processes that use most of it."""
        return self._connection.get("system", SystemSample, {"details": 1})

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

    def _samples(self, interval: float, *, details: bool = False) -> Flow[SystemSample]:
        asked = {"interval": interval, "details": 1 if details else None}
        stream = Stream(self._connection, "system/stream", asked)
        with closing(stream.messages()) as messages:
            for message in messages:
                if isinstance(message, SystemMessage):
                    yield message.system

    def _parts(self, interval: float, fields: list[str]) -> Flow[dict[str, object]]:
        with closing(self._samples(interval, details=not DETAILS.isdisjoint(fields))) as samples:
            for sample in samples:
                yield only(sample, fields)
