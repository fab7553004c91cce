"""Subscribe: from a request to the live messages that answer it."""

from __future__ import annotations

import asyncio

from trackside.errors import InvalidInput
from trackside.models import FINAL, Reason, Status
from trackside.models.stream import Done, EventMessage, ServerMessage, Subscribe, Subscribed, SystemMessage
from trackside.tracking.folder import RunFolder
from trackside_server.domain.record import RunRow
from trackside_server.engine import runs, system
from trackside_server.engine.core import Core
from trackside_server.engine.index import row_of_folder
from trackside_server.engine.streams import Messages, Outcome, log_stream, metrics_stream, tail_offset

__all__ = ["run_stream", "subscribe"]


async def subscribe(core: Core, request: Subscribe) -> Messages:
    """Return the messages of a subscription; raises at once what is wrong with the request."""
    if request.since is not None and request.since < 0:
        raise InvalidInput(f"since: {request.since} is not a position.")
    if request.channel == "events":
        return _events(core, request)
    if request.channel == "system":
        return _system(core, request)
    if request.run is None:
        raise InvalidInput(f"A subscription to {request.channel} names its run.")
    row = await runs.resolve(core, request.run)
    folder, outcome = RunFolder(row.run_dir), _outcome(core, row)
    if request.channel == "log":
        return log_stream(folder, core.tails, outcome, since=request.since, tail=request.tail, sub=request.sub)
    return metrics_stream(folder, core.tails, outcome, since=request.since, sub=request.sub)


async def run_stream(core: Core, text: str, begin: str, positions: dict[str, int]) -> Messages:
    """Return everything of one run, merged: metrics, log, progress, status changes, one ``Done`` at the end.

    ``positions`` (of ``log`` and ``metrics``) are gone on from; those that are missing are filled in from ``begin``.
    """
    if begin not in {"start", "end"}:
        raise InvalidInput(f"from: {begin!r} is not known.", hint="Use 'start' or 'end'.")
    row = await runs.resolve(core, text)
    folder, outcome = RunFolder(row.run_dir), _outcome(core, row)
    at_end = begin == "end"
    positions.setdefault("log", tail_offset(folder.log, 0) if at_end else 0)
    positions.setdefault("metrics", tail_offset(folder.metrics, 0) if at_end else 0)
    return _merged(
        metrics_stream(folder, core.tails, outcome, since=positions["metrics"], sub="metrics"),
        log_stream(folder, core.tails, outcome, since=positions["log"], sub="log"),
    )


async def _events(core: Core, request: Subscribe) -> Messages:
    since = core.hub.last if request.since is None else request.since
    yield Subscribed(request.sub, since)
    async for event in core.hub.listen(since):
        yield EventMessage(request.sub, event.id, core.described(event))


async def _system(core: Core, request: Subscribe) -> Messages:
    interval = min(max(request.interval, 0.5), 3600.0)
    yield Subscribed(request.sub)
    while True:
        yield SystemMessage(request.sub, await system.system(core))
        await asyncio.sleep(interval)


async def _merged(*sources: Messages) -> Messages:
    """The messages of all sources as they come; the ``Done`` of the last one ends them all."""
    queue: asyncio.Queue[ServerMessage | BaseException] = asyncio.Queue(maxsize=64)
    tasks = [asyncio.create_task(_pump(source, queue)) for source in sources]
    going_on = len(tasks)
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
        now = await asyncio.to_thread(row_of_folder, RunFolder(row.run_dir)) or row
        return (now.status, now.reason) if now.status in FINAL else None

    return of_run if row.job_id is None else of_job
