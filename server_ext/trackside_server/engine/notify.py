"""Tells somebody outside that a job has ended: runs the site's command, or posts to its webhook.

The server that schedules does it, once for each end; one that dies right then does not make up for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from trackside.models import FINAL, Event, Job, JobChanged
from trackside_server.engine.core import LOG, Core

__all__ = ["Notifier"]

_PATIENCE = 30.0
"""Seconds that the command, or the webhook, may take."""
_PAUSES = (1.0, 5.0, 30.0)
"""Seconds before a webhook that cannot be reached is tried again."""
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
            if notify.command:
                await _attempt(_run(notify.command, said), f"the notify_command for {job.id}")
            if notify.url:
                await _attempt(_post(notify.url, said), f"the webhook for {job.id}")


async def _attempt(telling: object, what: str) -> None:
    try:
        await telling  # type: ignore[misc]  # a coroutine
    except Exception as error:  # noqa: BLE001  # the boundary to programs and servers of others
        LOG.warning("%s: %s", what, " ".join(str(error).split()) or type(error).__name__)


async def _run(command: Sequence[str], said: Mapping[str, object]) -> None:
    """Run the command with the facts as JSON on its input, and as variables ``TRACKSIDE_ID``, ``TRACKSIDE_STATUS``…"""
    variables = {f"TRACKSIDE_{name.upper()}": str(value) for name, value in said.items() if value is not None}
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **variables},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            _, wrong = await process.communicate(msgspec.json.encode(said))
    except TimeoutError:
        raise TimeoutError(f"it took longer than {_PATIENCE:g} s and was ended") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
            await process.wait()
    if process.returncode:
        raise ChildProcessError(f"it ended with {process.returncode}: {wrong.decode(errors='replace').strip()[-500:]}")


async def _post(url: str, said: Mapping[str, object]) -> None:
    """Post the facts as JSON; a chat that knows webhooks shows ``text``."""
    import httpx

    async with httpx.AsyncClient(timeout=_PATIENCE) as http:
        for pause in (*_PAUSES, None):
            try:
                answer = await http.post(url, json=said)
                answer.raise_for_status()
                return
            except (httpx.TransportError, httpx.HTTPStatusError) as error:
                refused = isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500
                if pause is None or refused:
                    raise
            await asyncio.sleep(pause)
