"""The queue as a whole: pause, resume, limits. Kept in the store, so that it holds for every server of the home."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping

import msgspec

from trackside.errors import InvalidInput
from trackside.models import Queue, QueueChanged
from trackside.models.fields import FIELDS
from trackside_server.engine.core import Core
from trackside_server.store import Reader, Tx

__all__ = ["change", "load", "pause", "queue", "resume"]

_NAME = "queue"
_MOST = 100_000


def queue(core: Core) -> Queue:
    """Return whether the queue is paused, and its limits: the home's, beside those of this server's configuration."""
    return msgspec.structs.replace(core.queue, tag_limits=core.tag_limits())


async def load(core: Core) -> None:
    """Take the queue as the store has it."""
    core.queue = await core.query(_stored)


async def pause(core: Core) -> Queue:
    """Start no further job; those that run go on. Repeated, it changes nothing."""

    def paused(before: Queue, tx: Tx) -> Queue:
        if before.paused:
            return before
        return msgspec.structs.replace(before, paused=True, since=tx.now, by=getpass.getuser())

    return await _change(core, paused)


async def resume(core: Core) -> Queue:
    """Let waiting jobs start again."""
    return await _change(core, lambda before, _: Queue(tag_limits=before.tag_limits))


async def change(core: Core, body: Mapping[str, object]) -> Queue:
    """Set limits: ``{"tag_limits": {"data": 1}}``; null gives a tag back to the server's configuration."""
    unknown = [field for field in body if field != "tag_limits"]
    if unknown:
        raise InvalidInput(f"{unknown[0]!r} of the queue cannot be set.", hint="Send tag_limits.", code="unknown_field")
    asked = _limits(body.get("tag_limits", {}))

    def limited(before: Queue, _: Tx) -> Queue:
        kept = {**before.tag_limits, **asked}
        return msgspec.structs.replace(before, tag_limits={tag: most for tag, most in kept.items() if most is not None})

    return await _change(core, limited)


def _limits(value: object) -> dict[str, int | None]:
    if not isinstance(value, dict):
        raise InvalidInput("tag_limits is no mapping of tags to numbers.", hint='Write {"data": 1}.')
    FIELDS["tags"](list(value), "tag_limits")
    for tag, most in value.items():
        if most is not None and (isinstance(most, bool) or not isinstance(most, int) or not 0 <= most <= _MOST):
            raise InvalidInput(f"tag_limits: {most!r} jobs of {tag!r} is no limit.", hint="Write 0 or more, or null.")
    return dict(value)


async def _change(core: Core, make: Callable[[Queue, Tx], Queue]) -> Queue:
    def run(tx: Tx) -> Queue:
        before = _stored(tx)
        after = make(before, tx)
        if after != before:
            tx.keep_setting(_NAME, msgspec.json.encode(after).decode())
            tx.add_event(QueueChanged(0, tx.now, after))
        return after

    core.queue = await core.write(run)
    core.plan_soon()
    return queue(core)


def _stored(reader: Reader) -> Queue:
    text = reader.setting(_NAME)
    return msgspec.json.decode(text, type=Queue) if text is not None else Queue()
