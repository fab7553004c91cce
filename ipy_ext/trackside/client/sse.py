"""Server-sent events from bytes, as the HTML standard reads them. Pure: bytes in, events out."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SentEvent", "SseParser"]

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SentEvent:
    """One event: its name, its data and the last id that the server named before its end."""

    event: str
    data: bytes
    id: str


class SseParser:
    """Reads one answer, chunk by chunk; chunk borders may lie anywhere, also inside ``\\r\\n`` or a character.

    ``last_id`` is the id to resume from, ``retry`` the seconds that the server wants a reader to wait before it
    comes back (None: it did not say).
    """

    def __init__(self) -> None:
        self.last_id = ""
        self.retry: float | None = None
        self._partial: list[bytes] = []
        self._after_cr = False
        self._begun = False
        self._event = ""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> list[SentEvent]:
        """Return the events that these bytes complete."""
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]  # the second half of a line end that the last chunk already closed
        if not chunk:
            return []
        self._after_cr = chunk.endswith(b"\r")
        if b"\n" not in chunk and b"\r" not in chunk:
            self._partial.append(chunk)
            return []
        text = b"".join([*self._partial, chunk])
        self._partial.clear()
        if not self._begun:
            self._begun = True
            text = text.removeprefix(_BOM)
        lines = text.splitlines(keepends=True)
        if not lines[-1].endswith((b"\n", b"\r")):
            self._partial.append(lines.pop())
        events = (self._line(line.rstrip(b"\r\n")) for line in lines)
        return [event for event in events if event is not None]

    def _line(self, line: bytes) -> SentEvent | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._event = value.decode("utf-8", "replace")
        elif field == b"id" and b"\0" not in value:
            self.last_id = value.decode("utf-8", "replace")
        elif field == b"retry" and value.isdigit():
            self.retry = int(value) / 1000
        return None  # a comment or a field of a later standard says nothing to us

    def _dispatch(self) -> SentEvent | None:
        event, data = self._event or "message", self._data
        self._event, self._data = "", []
        return SentEvent(event, b"\n".join(data), self.last_id) if data else None
