"""Runs attempts on this machine: each under a runner of its own, which outlives the server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec

from trackside.errors import TryAgain
from trackside.models import Reason
from trackside_server.domain.attempt import AttemptRecord
from trackside_server.executors import look as looking
from trackside_server.executors.base import (
    AttemptRef,
    Ended,
    GivenBack,
    Launch,
    Launched,
    Observation,
    Started,
    StartFailed,
)
from trackside_server.executors.following import follow
from trackside_server.executors.signals import send
from trackside_server.executors.template_link import TemplateLink
from trackside_server.executors.unguarded import end_unguarded
from trackside_server.isolation import limits
from trackside_server.runner.order import Order, encode_order
from trackside_server.runner.stop import StopRequest, write_stop

__all__ = ["LocalExecutor"]

LOG = logging.getLogger("trackside.local")
_ANSWER_TIMEOUT = 30.0


class _Answer(msgspec.Struct, frozen=True):
    """What a runner says; exactly one of these."""

    started: AttemptRecord | None = None
    given_back: Reason | None = None
    failed: Reason | None = None
    exists: bool = False


class LocalExecutor:
    """The executor of this machine. ``template_idle`` is how many seconds an unused template stays."""

    def __init__(self, home: Path, on_change: Callable[[AttemptRef], None], *, template_idle: float = 600.0) -> None:
        self._home = home
        self._on_change = on_change
        self._template = TemplateLink(home, idle=template_idle)
        self._connections: dict[AttemptRef, socket.socket] = {}
        self._tasks: dict[AttemptRef, asyncio.Task[None]] = {}
        self._ending: dict[AttemptRef, asyncio.Task[None]] = {}

    async def start(self, launch: Launch) -> Started:
        """Start an attempt and watch it.

        An attempt that some server started before is watched, not started again: an attempt runs at most once.
        """
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT):
                return await self._start(launch)
        except TimeoutError:
            return GivenBack(Reason("no_answer", f"the runner did not answer within {_ANSWER_TIMEOUT:g} s"))
        except TryAgain as error:
            return GivenBack(Reason("no_template", str(error)))

    async def _start(self, launch: Launch) -> Started:
        frame = encode_order(_order(launch, self._home))
        for last in (False, True):
            connection = await self._template.connect()
            try:
                answered = await self._ask(connection, frame, launch.ref)
            except BaseException:
                connection.close()
                raise
            if answered is not None:
                return answered
            connection.close()
            if last or looking.read_record(launch.ref) is not None:
                break
        return self._unanswered(launch.ref)

    async def _ask(self, connection: socket.socket, frame: bytes, ref: AttemptRef) -> Started | None:
        """Send the order and return the answer; None when the connection ended without one."""
        loop = asyncio.get_running_loop()
        received = b""
        try:
            await loop.sock_sendall(connection, frame)
            while b"\n" not in received:
                part = await loop.sock_recv(connection, 65536)
                if not part:
                    return None
                received += part
        except ConnectionError:
            return None
        line, _, rest = received.partition(b"\n")
        answer = msgspec.json.decode(line, type=_Answer)
        if answer.started is not None:
            self._listen(ref, connection, rest)
            return Launched(answer.started)
        connection.close()
        if answer.given_back is not None:
            return GivenBack(answer.given_back)
        if answer.failed is not None:
            return StartFailed(answer.failed)
        return self._unanswered(ref)

    def _unanswered(self, ref: AttemptRef) -> Started:
        """The attempt has a record already, or its runner died before it could answer."""
        record = looking.read_record(ref)
        if record is None:
            return GivenBack(Reason("no_answer", "the runner ended before it began"))
        self.watch(ref)
        return Launched(record)

    def _listen(self, ref: AttemptRef, connection: socket.socket, received: bytes) -> None:
        """Wait for the runner to say that the attempt is over."""
        loop = asyncio.get_running_loop()
        if b"\n" in received:
            connection.close()
            loop.call_soon(self._on_change, ref)
            return
        self._connections[ref] = connection
        loop.add_reader(connection, self._heard, ref, connection)

    def _heard(self, ref: AttemptRef, connection: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):
            if b"\n" not in connection.recv(65536, socket.MSG_PEEK) and connection.recv(65536):
                return  # a part of the last line
        self._hang_up(ref)
        if isinstance(self.look(ref), Ended):
            self._on_change(ref)
        else:
            self.watch(ref)

    def _hang_up(self, ref: AttemptRef) -> None:
        connection = self._connections.pop(ref, None)
        if connection is not None:
            asyncio.get_running_loop().remove_reader(connection)
            connection.close()

    async def stop(self, ref: AttemptRef, reason: Reason, grace: float) -> None:
        """Ask an attempt to stop; who looks after it is woken, and where nobody does any more it is ended from here."""
        request = StopRequest(reason.code, reason.message, grace)
        await asyncio.to_thread(write_stop, ref.folder, ref.attempt, request)
        record = looking.read_record(ref)
        if record is None or record.exit is not None:
            return
        if send(record.runner, signal.SIGUSR1) or (record.template and send(record.template, signal.SIGUSR1)):
            return
        if record.process is not None and record.process.is_alive() and ref not in self._ending:
            task = asyncio.create_task(end_unguarded(ref, record.process, grace))
            self._ending[ref] = task
            task.add_done_callback(lambda _: self._ending.pop(ref, None))

    def watch(self, ref: AttemptRef) -> None:
        """Watch an attempt that was started earlier, by whichever server. May be repeated."""
        if ref in self._connections or ref in self._tasks:
            return
        task = asyncio.get_running_loop().create_task(follow(ref, self._on_change))
        self._tasks[ref] = task
        task.add_done_callback(lambda task: self._followed(ref, task))

    def _followed(self, ref: AttemptRef, task: asyncio.Task[None]) -> None:
        self._tasks.pop(ref, None)
        if not task.cancelled() and task.exception() is not None:
            LOG.error("%s cannot be followed any more: %s", ref.job_id, task.exception())

    def look(self, ref: AttemptRef) -> Observation:
        """Return where an attempt stands, from what is on disk and which processes live."""
        return looking.look(ref)

    async def close(self) -> None:
        """Stop watching; what runs goes on."""
        for ref in list(self._connections):
            self._hang_up(ref)
        tasks = [*self._tasks.values(), *self._ending.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _order(launch: Launch, home: Path) -> Order:
    ref = launch.ref
    asked = limits.report(home, time=launch.time, memory=launch.memory, cpus=launch.cpus, max_output=launch.max_output)
    output_bound = any(limit.name == "max_output" and limit.enforced for limit in asked)
    return Order(
        run_dir=str(ref.run_dir),
        attempt=ref.attempt,
        argv=list(launch.argv),
        environment=dict(launch.environment),
        workdir=str(launch.workdir),
        gpus=list(launch.gpus),
        grace=launch.grace,
        time=launch.time,
        memory=launch.memory,
        max_output=launch.max_output if output_bound else None,
        limits=[msgspec.to_builtins(limit) for limit in asked],
        holder={"job": ref.job_id, "user": launch.user, "until": launch.until},
    )
