"""The scheduler: performs the plan. Runs on one server of a home at a time."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
from pathlib import Path

from trackside.errors import TracksideError, TryAgain
from trackside.models import Reason
from trackside_server.domain.command import argv_of, environment_of
from trackside_server.domain.plan import Start, plan
from trackside_server.domain.record import JobChanges, JobRecord
from trackside_server.engine import attempts
from trackside_server.engine.cancel import BY_USER, cancel_waiting
from trackside_server.engine.core import LOG, Core
from trackside_server.executors.base import AttemptRef, GivenBack, Launch, Started, StartFailed
from trackside_server.store.vault import Opened

__all__ = ["Scheduler"]

_FIRST_MOMENTS = 0.02
"""Seconds that a job has run before that is written down: its interpreter's start is worth more than our hurry."""
_LOOK_AGAIN = 5.0
"""Seconds after which a queue that did not move is looked at again: GPUs outside this home come free unannounced."""


class Scheduler:
    """Starts waiting jobs as the plan says, and sees to those whose cancelling was asked for."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._soon = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._first_moments: dict[AttemptRef, asyncio.Event] = {}

    def plan_soon(self) -> None:
        """Look at the queue now."""
        self._soon.set()

    async def run(self) -> None:
        """Plan and perform, again and again, until cancelled."""
        while True:
            try:
                await self._perform()
            except Exception:  # noqa: BLE001  # the boundary of a loop that must go on
                LOG.exception("the scheduler's round failed; it goes on")
                await asyncio.sleep(1.0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN if self._core.board.anything_waits else None):
                    await self._soon.wait()  # not wait_for: it may swallow a cancellation, and this would never end
            self._soon.clear()

    async def close(self) -> None:
        """Let the starts that are under way come to their end."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2.0)

    async def _perform(self) -> None:
        core = self._core
        if not core.board.anything_waits or core.board.cpus_held() >= core.machine.cpus:
            return
        core.seen_machine = await core.machine.machine()
        for action in plan(core.board.snapshot(core.seen_machine)):
            record = core.board.get(action.job_id)
            if record is not None:
                core.board.starting(record, action.gpus)
                self._spawn(self._start(record, action))

    def cancel_soon(self, record: JobRecord) -> None:
        """Stop a job that runs, or end one that waits."""
        self._spawn(self._cancel(record.id))

    def _spawn(self, coroutine: object) -> None:
        task = asyncio.ensure_future(coroutine)  # type: ignore[call-overload]  # a coroutine of ours
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _cancel(self, job_id: str) -> None:
        core = self._core
        record = core.board.get(job_id)
        if record is None or core.board.is_starting(job_id):
            return  # over already; or _start looks at it when the start is through
        if record.status != "running":
            await cancel_waiting(core, job_id)
            return
        reason = record.cancel_requested or BY_USER
        await core.executors[record.executor].stop(attempts.ref_of(record), reason, record.spec.grace)

    async def _start(self, record: JobRecord, action: Start) -> None:
        core = self._core
        try:
            launch = self._launch(record, action)
            self._first_moments[launch.ref] = asyncio.Event()
            outcome = await core.executors[record.executor].start(launch)
            await self._settle(record, launch, outcome)
        except TryAgain as error:
            LOG.warning("%s cannot be started now: %s", record.id, error)
            await asyncio.sleep(1.0)
        except TracksideError as error:
            await self._settle(record, None, StartFailed(Reason("start_failed", error.message)))
        except Exception as error:  # noqa: BLE001  # the boundary of a task: the job gets the reason
            LOG.exception("%s could not be started", record.id)
            await self._settle(record, None, StartFailed(Reason("start_failed", f"could not be started: {error}")))
        finally:
            self._first_moments.pop(attempts.ref_of(record, record.attempt + 1), None)
            core.board.settled(record.id)
        fresh = core.board.get(record.id)
        if fresh is not None and fresh.cancel_requested is not None:
            await self._cancel(record.id)
        core.plan_soon()

    def _launch(self, record: JobRecord, action: Start) -> Launch:
        core, spec = self._core, record.spec
        sealed = core.sealed_of(record.id)
        opened = core.vault.open(sealed) if sealed is not None else Opened(None, {})
        attempt = record.attempt + 1
        environment = environment_of(
            spec,
            job_id=record.id,
            run_dir=Path(record.run_dir),
            home=core.home,
            attempt=attempt,
            carried=os.environ if opened.environment is None else opened.environment,
            secrets=opened.secrets,
            gpus=action.gpus,
        )
        return Launch(
            ref=attempts.ref_of(record, attempt),
            argv=argv_of(spec),
            environment=environment,
            workdir=Path(spec.workdir),
            gpus=action.gpus,
            cpus=spec.cpus,
            grace=spec.grace,
            time=spec.time,
            memory=spec.memory,
            user=getpass.getuser(),
        )

    async def _settle(self, record: JobRecord, launch: Launch | None, outcome: Started) -> None:
        core = self._core
        if isinstance(outcome, GivenBack):
            assert launch is not None
            core.machine.set_foreign(launch.gpus, outcome.reason.message)
            return
        if isinstance(outcome, StartFailed):
            begun = JobChanges(attempt=launch.ref.attempt) if launch is not None else None
            await attempts.close(core, record, attempts.start_failed(outcome.reason), begun=begun)
            return
        assert launch is not None
        if not await self._ended_at_once(launch.ref):
            await attempts.begin(core, record, launch.ref, outcome.record)
        await attempts.look(core, launch.ref)

    async def _ended_at_once(self, ref: AttemptRef) -> bool:
        """Leave the machine to the job's first moments; one that ends within them is written down once, at its end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_MOMENTS):
                await self._first_moments[ref].wait()
        return await attempts.close_at_once(self._core, ref)

    def ended(self, ref: AttemptRef) -> bool:
        """Whether this attempt is still in its first moments, and so is seen to here."""
        moments = self._first_moments.get(ref)
        if moments is not None:
            moments.set()
        return moments is not None
