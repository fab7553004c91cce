"""Subscribe: from a request to the live messages that answer it."""

from __future__ import annotations

import asyncio
import math
from contextlib import aclosing

from trackside.errors import InvalidInput
from trackside.models import FINAL, Event, JobChanged, JobDeleted, Reason, RunChanged, Status
from trackside.models.stream import Done, EventMessage, ServerMessage, Subscribe, Subscribed, SystemMessage
from trackside.tracking.folder import RunFolder
from trackside_server.domain.record import RunRow
from trackside_server.engine import runs, system
from trackside_server.engine.core import Core
from trackside_server.engine.index import row_of_folder
from trackside_server.engine.records import check_position, size_of
from trackside_server.engine.streams import Messages, Outcome, log_stream, media_stream, metrics_stream

__all__ = ["run_stream", "subscribe"]


async def subscribe(core: Core, request: Subscribe) -> Messages:
    """Return the messages of a subscription; raises at once what is wrong with the request."""
    check_position("since", request.since)
    check_position("tail", request.tail)
    if math.isnan(request.interval):
        raise InvalidInput("interval: nan is no length of time.")
    if request.channel == "events":
        return _events(core, request)
    if request.channel == "system":
        return _system(core, request)
    if request.run is None:
        raise InvalidInput(f"A subscription to {request.channel} names its run.")
    row = await runs.resolve(core, request.run)
    folder, outcome = RunFolder(row.run_dir), _outcome(core, row)
    if request.channel == "log":
        shown = await core.log_of_run(row)
        return log_stream(
            folder, core.tails, outcome, since=request.since, tail=request.tail, sub=request.sub, shown=shown
        )
    stream = media_stream if request.channel == "media" else metrics_stream
    return stream(folder, core.tails, outcome, since=request.since, sub=request.sub)


async def run_stream(core: Core, text: str, begin: str, positions: dict[str, int]) -> Messages:
    """Return everything of one run, merged: metrics, log, progress, media, status changes, one ``Done`` at the end.

    ``positions`` (of ``log``, ``metrics`` and ``media``) are gone on from; those that are missing are filled in from ``begin``.
    """
    if begin not in {"start", "end"}:
        raise InvalidInput(f"from: {begin!r} is not known.", hint="Use 'start' or 'end'.")
    for name, position in positions.items():
        check_position(name, position)
    row = await runs.resolve(core, text)
    folder, outcome = RunFolder(row.run_dir), _outcome(core, row)
    at_end = begin == "end"
    positions.setdefault("log", size_of(folder.log) if at_end else 0)
    positions.setdefault("metrics", size_of(folder.metrics) if at_end else 0)
    positions.setdefault("media", size_of(folder.media) if at_end else 0)
    shown = await core.log_of_run(row)
    return _merged(
        metrics_stream(folder, core.tails, outcome, since=positions["metrics"], sub="metrics"),
        log_stream(folder, core.tails, outcome, since=positions["log"], sub="log", shown=shown),
        media_stream(folder, core.tails, outcome, since=positions["media"], sub="media"),
        aside=_status(core, row),
    )


async def _events(core: Core, request: Subscribe) -> Messages:
    since = core.hub.last if request.since is None else await _kept(core, request.since)
    yield Subscribed(request.sub, since)
    async with aclosing(core.hub.listen(since)) as events:
        async for event in events:
            yield EventMessage(request.sub, event.id, core.described(event))


async def _kept(core: Core, since: int) -> int:
    """The position from which events can be told: not before the oldest that is kept, not after the newest.

    What lies beyond the newest was given by a store that is no more; ``Subscribed`` tells where the stream begins.
    """
    if since > core.hub.last:
        return min(since, max(core.hub.last, core.store.last_event_id()))
    first = await core.query(lambda reader: reader.first_event_id())
    return max(since, first - 1)


async def _status(core: Core, row: RunRow) -> Messages:
    """The changes of the run's job, or of the run itself, from now on."""
    async with aclosing(core.hub.listen(core.hub.last)) as events:
        async for event in events:
            if _subject(event) == row.id:
                yield EventMessage("status", event.id, core.described(event))


def _subject(event: Event) -> str | None:
    """The id of the job or run that an event is about."""
    if isinstance(event, JobChanged):
        return event.job.id
    if isinstance(event, JobDeleted):
        return event.job_id
    return event.run_id if isinstance(event, RunChanged) else None


async def _system(core: Core, request: Subscribe) -> Messages:
    interval = min(max(request.interval, 0.5), 3600.0)
    yield Subscribed(request.sub)
    while True:
        yield SystemMessage(request.sub, await system.system(core, details=request.details))
        await asyncio.sleep(interval)


async def _merged(*sources: Messages, aside: Messages) -> Messages:
    """The messages of all sources as they come; the ``Done`` of the last one ends them all, and what runs aside."""
    queue: asyncio.Queue[ServerMessage | BaseException] = asyncio.Queue(maxsize=64)
    tasks = [asyncio.create_task(_pump(source, queue)) for source in (*sources, aside)]
    going_on = len(sources)
    try:
        while going_on:
            message = await queue.get()
            if isinstance(message, BaseException):
                raise message
            if isinstance(message, Done):
                going_on -= 1
            if not isinstance(message, Done) or not going_on:
                yield message
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(source: Messages, queue: asyncio.Queue[ServerMessage | BaseException]) -> None:
    try:
        async with aclosing(source):
            async for message in source:
                await queue.put(message)
    except Exception as error:  # noqa: BLE001  # handed to the reader, who raises it
        await queue.put(error)


def _outcome(core: Core, row: RunRow) -> Outcome:
    async def of_job() -> tuple[Status, Reason | None] | None:
        if core.board.get(row.id) is not None:
            return None
        record = await core.query(lambda reader: reader.job(row.id))
        if record is None:
            return "cancelled", Reason("deleted", "the job was deleted")
        return (record.status, record.reason) if record.is_terminal else None

    async def of_run() -> tuple[Status, Reason | None] | None:
        now = await asyncio.to_thread(row_of_folder, RunFolder(row.run_dir))
        if now is None:
            return "failed", Reason("lost", "its folder is gone")
        return (now.status, now.reason) if now.status in FINAL else None

    return of_run if row.job_id is None else of_job
