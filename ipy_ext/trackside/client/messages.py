"""The message in one server-sent event. Pure."""

from __future__ import annotations

import logging

import msgspec

from trackside.client.sse import SentEvent
from trackside.errors import from_wire
from trackside.models import Event
from trackside.models.stream import EventMessage, ServerMessage, StreamError

__all__ = ["message_of"]

_log = logging.getLogger(__name__)
_decoder: msgspec.json.Decoder[ServerMessage | Event] = msgspec.json.Decoder(ServerMessage | Event)


def message_of(sent: SentEvent) -> ServerMessage | None:
    """Return the message, None for one of a kind that this version does not know.

    Raises the error of our tree that an ``error`` message stands for.
    """
    try:
        message = _decoder.decode(sent.data)
    except msgspec.DecodeError as error:
        _log.debug("a message %r is passed over: %s", sent.event, error)
        return None
    if isinstance(message, StreamError):
        raise from_wire(0, message.code, message.message, message.hint)
    if isinstance(message, Event):
        return EventMessage("", message.id, message)
    return message
