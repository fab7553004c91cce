# Generated from trackside/client/_async by `python -m trackside.client.generate`; edit there.
"""The machine that the server runs on."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import overload

from trackside.client._sync.connection import Connection
from trackside.client._sync.stream import Stream
from trackside.client.parts import chosen_parts, only
from trackside.client.waiting import Flow
from trackside.models import SystemSample
from trackside.models.stream import SystemMessage

__all__ = ["Monitoring"]


class Monitoring:
    """CPU, memory, disk, GPUs and jobs of the server's machine, now or again and again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def status(self) -> SystemSample:
        """Return the machine as it is now."""
        return self._connection.get("system", SystemSample)

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

    def _samples(self, interval: float) -> Flow[SystemSample]:
        stream = Stream(self._connection, "system/stream", {"interval": interval})
        with closing(stream.messages()) as messages:
            for message in messages:
                if isinstance(message, SystemMessage):
                    yield message.system

    def _parts(self, interval: float, fields: list[str]) -> Flow[dict[str, object]]:
        with closing(self._samples(interval)) as samples:
            for sample in samples:
                yield only(sample, fields)
