"""Tells somebody outside that a job has ended: runs the site's command, or posts to its webhook.

The server that schedules does it, once for each end, which the run folder remembers; one that dies right then does not
make up for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import IO

import msgspec

from trackside.models import FINAL, Event, Job, JobChanged
from trackside.tracking.folder import RunFolder
from trackside_server.engine.core import LOG, Core

__all__ = ["Notifier"]

_PATIENCE = 30.0
"""Seconds that the command, or the webhook, may take."""
_PAUSES = (1.0, 5.0, 30.0)
"""Seconds before a webhook that cannot be reached is tried again."""
_LAST_WORDS = 0.2
"""Seconds in which what the command wrote is read when it has ended: what it left behind may hold its streams open."""
_REMEMBERED = 1000
_AT_ONCE = 4


class Notifier:
    """Hears every event; what fails is logged, and harms nothing."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._told: deque[tuple[str, int]] = deque(maxlen=_REMEMBERED)
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, events: Iterable[Event]) -> None:
        """Tell of the jobs among them that have ended just now."""
        for event in events:
            if isinstance(event, JobChanged) and self._is_due(event.job):
                self._told.append((event.job.id, event.job.attempt))
                task = asyncio.create_task(self._tell(event.job), name=f"trackside-notify-{event.job.id}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Let go of what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _is_due(self, job: Job) -> bool:
        wanted = self._core.schedules and job.spec.notify and job.status in FINAL
        return wanted and (job.id, job.attempt) not in self._told

    async def _tell(self, job: Job) -> None:
        notify = self._core.settings.notify
        said = {
            "id": job.id,
            "name": job.name,
            "status": job.status,
            "message": job.message,
            "exit_code": job.exit_code,
            "host": socket.gethostname(),
            "run_dir": job.run_dir,
            "text": f"{job.name} ({job.id}) on {socket.gethostname()}: {job.message}",
        }
        async with self._room:
            if not await asyncio.to_thread(_is_first, job):
                return
            if notify.command:
                await _attempt(_run(notify.command, said), f"the notify_command for {job.id}")
            if notify.url:
                await _attempt(_post(notify.url, said), f"the webhook for {job.id}")


def _is_first(job: Job) -> bool:
    """Whether nobody was told of this end yet, and note that somebody is: a change of a name tells of the job again."""
    told = RunFolder(job.run_dir).told
    try:
        if told.exists() and told.read_text() == str(job.attempt):
            return False
        told.write_text(str(job.attempt))
    except OSError as error:  # deleted meanwhile, or no room
        LOG.info("%s cannot be noted as told: %s", job.id, error)
    return True


async def _attempt(telling: object, what: str) -> None:
    try:
        await telling  # type: ignore[misc]  # a coroutine
    except Exception as error:  # noqa: BLE001  # the boundary to programs and servers of others
        LOG.warning("%s: %s", what, " ".join(str(error).split()) or type(error).__name__)


async def _run(command: Sequence[str], said: Mapping[str, object]) -> None:
    """Run the command with the facts as JSON on its input, and as variables ``TRACKSIDE_ID``, ``TRACKSIDE_STATUS``…"""
    variables = {f"TRACKSIDE_{name.upper()}": str(value) for name, value in said.items() if value is not None}
    async with _last_of_pipe() as (end, wrong):
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=end,
            env={**os.environ, **variables},
            start_new_session=True,
        )
        end.close()
        try:
            async with asyncio.timeout(_PATIENCE):
                await process.communicate(msgspec.json.encode(said))
        except TimeoutError:
            raise TimeoutError(f"it took longer than {_PATIENCE:g} s and was ended") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
                await process.wait()
    if process.returncode:
        raise ChildProcessError(f"it ended with {process.returncode}: {wrong.decode(errors='replace').strip()[-500:]}")


@contextlib.asynccontextmanager
async def _last_of_pipe() -> AsyncIterator[tuple[IO[bytes], bytearray]]:
    """A pipe to write to, and the last of what was written there: a program may write more than memory holds."""
    reading, writing = os.pipe()
    last = bytearray()
    reader = asyncio.StreamReader()
    with os.fdopen(writing, "wb", buffering=0) as end:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", buffering=0)
        )
        task = asyncio.create_task(_keep_last(reader, last))
        try:
            yield end, last
            await asyncio.wait([task], timeout=_LAST_WORDS)
        finally:
            task.cancel()
            transport.close()


async def _keep_last(reader: asyncio.StreamReader, last: bytearray) -> None:
    while chunk := await reader.read(1 << 16):
        last += chunk
        del last[:-4096]


async def _post(url: str, said: Mapping[str, object]) -> None:
    """Post the facts as JSON; a chat that knows webhooks shows ``text``."""
    import httpx

    async with httpx.AsyncClient(timeout=_PATIENCE) as http:
        for pause in (*_PAUSES, None):
            try:
                async with asyncio.timeout(_PATIENCE), http.stream("POST", url, json=said) as answer:
                    answer.raise_for_status()  # what else it says, however long, nobody reads
                return
            except (TimeoutError, httpx.TransportError, httpx.HTTPStatusError) as error:
                refused = isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500
                if pause is None or refused:
                    raise
            await asyncio.sleep(pause)
