"""Runs attempts on this machine: each under a runner of its own, which outlives the server."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec

from trackside.errors import TryAgain
from trackside.models import Reason
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
from trackside_server.executors.runner_link import Answer, Over, RunnerLink
from trackside_server.executors.signals import send
from trackside_server.executors.template_link import TemplateLink
from trackside_server.executors.unguarded import end_rest, end_unguarded
from trackside_server.isolation import limits
from trackside_server.runner.order import Order, encode_order
from trackside_server.runner.stop import StopRequest, write_stop

__all__ = ["LocalExecutor"]

LOG = logging.getLogger("trackside.local")
_ANSWER_TIMEOUT = 30.0
_KEPT_ENDS = 256
_FRESH_RUNNERS = 2
"""Runners of the template that are asked for one start, should the first die over it."""


class LocalExecutor:
    """The executor of this machine. ``template_idle`` is how many seconds an unused template stays."""

    def __init__(self, home: Path, on_change: Callable[[AttemptRef], None], *, template_idle: float = 600.0) -> None:
        self._home = home
        self._on_change = on_change
        self._template = TemplateLink(home, idle=template_idle)
        self._links: dict[AttemptRef, RunnerLink] = {}
        self._idle: list[RunnerLink] = []
        """Links to runners that take another order, for a moment."""
        self._ended: dict[AttemptRef, Ended] = {}
        """Ends that runners told, and nobody has looked at yet."""
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
        order = encode_order(_order(launch, self._home))
        unanswered = 0
        while unanswered < _FRESH_RUNNERS:
            link = self._take_idle()
            unanswered += link is None  # an idle runner may just have ended; a fresh one that does has a reason
            link = link or RunnerLink(await self._template.connect())
            try:
                answer = await link.ask(order)
            except BaseException:
                link.close()
                raise
            if answer is not None:
                return self._answered(launch.ref, link, answer)
            link.close()
            if looking.read_record(launch.ref) is not None:
                break
        return self._unanswered(launch.ref)

    def _answered(self, ref: AttemptRef, link: RunnerLink, answer: Answer) -> Started:
        if answer.started is not None:
            self._links[ref] = link
            link.when_over(lambda over: self._heard(ref, over))
            return Launched(answer.started)
        link.close()
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

    def _heard(self, ref: AttemptRef, over: Over | None) -> None:
        """The runner says that the attempt is over, or was killed."""
        link = self._links.pop(ref, None)
        if link is None:
            return  # closed meanwhile
        if over is not None and over.again:
            self._keep_idle(link)
        else:
            link.close()
        if over is not None and over.ended is not None:
            self._ended[ref] = Ended(over.ended)
            while len(self._ended) > _KEPT_ENDS:  # of jobs that were deleted; what is on disk says the same
                del self._ended[next(iter(self._ended))]
        if isinstance(self._ended.get(ref) or looking.look(ref), Ended):
            self._on_change(ref)
        else:
            self.watch(ref)

    def _keep_idle(self, link: RunnerLink) -> None:
        def gone() -> None:
            self._idle.remove(link)
            link.close()

        self._idle.append(link)
        link.when_gone(gone)

    def _take_idle(self) -> RunnerLink | None:
        if not self._idle:
            return None
        link = self._idle.pop()
        link.hear_no_more()
        return link

    async def stop(self, ref: AttemptRef, reason: Reason, grace: float) -> None:
        """Ask an attempt to stop; who looks after it is woken, and where nobody does any more it is ended from here."""
        request = StopRequest(reason.code, reason.message, grace)
        await asyncio.to_thread(write_stop, ref.folder, ref.attempt, request)
        record = looking.read_record(ref)
        if record is None or record.exit is not None:
            return
        if send(record.runner, signal.SIGUSR1) or (record.template and send(record.template, signal.SIGUSR1)):
            return
        if (record.process is None or record.process.is_alive()) and ref not in self._ending:
            task = asyncio.create_task(end_unguarded(ref, record.process, grace))
            self._ending[ref] = task
            task.add_done_callback(lambda _: self._ending.pop(ref, None))

    def watch(self, ref: AttemptRef) -> None:
        """Watch an attempt that was started earlier, by whichever server. May be repeated."""
        if ref in self._links or ref in self._tasks:
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
        return self._ended.pop(ref, None) or looking.look(ref)

    def end_rest(self, ref: AttemptRef) -> None:
        """End what is left on this machine of an attempt that was lost."""
        end_rest(ref)

    async def close(self) -> None:
        """Stop watching; what runs goes on."""
        for link in (*self._links.values(), *self._idle):
            link.close()
        self._links.clear()
        self._idle.clear()
        tasks = [*self._tasks.values(), *self._ending.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _order(launch: Launch, home: Path) -> Order:
    ref = launch.ref
    cpus = None if launch.cpus == 1.0 else launch.cpus  # what every job has is no limit that somebody asked for
    asked = limits.report(
        home,
        time=launch.time,
        memory=launch.memory,
        cpus=cpus,
        cores=launch.cores,
        max_iops=launch.max_iops,
        max_output=launch.max_output,
        max_processes=launch.max_processes,
    )
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
        holder={"job": ref.job_id, "home": launch.home_id},
        gpu_share=launch.gpu_share,
        cpus=cpus,
        cores=list(launch.cores),
        max_iops=launch.max_iops,
        max_processes=launch.max_processes,
        group=limits.group_name(home, ref.job_id, ref.attempt),
        limits_engine=limits.wanted_engine(),
        secrets=list(launch.secrets),
        cost_per_hour=launch.cost_per_hour,
    )
