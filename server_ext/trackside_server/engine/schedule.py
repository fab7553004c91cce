"""The scheduler: performs the plan. Runs on one server of a home at a time."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

from trackside.errors import TracksideError, TryAgain
from trackside.models import Reason
from trackside.tracking.folder import RunFolder
from trackside.tracking.masking import Mask
from trackside_server.domain.command import argv_of, carried_environment, environment_of
from trackside_server.domain.cost import check_cost, per_hour_of
from trackside_server.domain.plan import Start, plan
from trackside_server.domain.record import JobChanges, JobRecord
from trackside_server.engine import attempts
from trackside_server.engine.cancel import BY_USER, cancel_waiting
from trackside_server.engine.core import LOG, Core, utc_now
from trackside_server.engine.release import release
from trackside_server.engine.snapshots import unfold
from trackside_server.executors.base import AttemptRef, GivenBack, Launch, Started, StartFailed
from trackside_server.store.vault import Opened

__all__ = ["Scheduler"]

_FIRST_MOMENTS = 0.02
"""Seconds that a job has run before that is written down: its interpreter's start is worth more than our hurry."""
_OUTPUT_BOUND = 2**30
"""Bytes of a log whose bound nobody named."""
_STARTS_AT_ONCE = 8
"""Starts under way together: more of them would only make each other, and everybody who asks the server, wait."""
_BREATH = 0.02
"""Seconds between two looks at a job whose time has come, should the first not get it into the queue."""
_LOOK_AT_CLOCK = 60.0
"""Seconds after which the clock is looked at again while jobs wait for their time."""


class Scheduler:
    """Starts waiting jobs as the plan says, and sees to those whose cancelling was asked for."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._soon = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._first_moments: dict[AttemptRef, asyncio.Event] = {}
        self._turns = asyncio.Semaphore(_STARTS_AT_ONCE)
        self._environment = carried_environment(os.environ)
        """What a job gets that was submitted without one; to read it from the system for each costs as much as a start."""

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
                async with asyncio.timeout(self._pause()):
                    await self._soon.wait()  # not wait_for: it may swallow a cancellation, and this would never end
            self._soon.clear()

    def _pause(self) -> float | None:
        """Seconds until the queue must be looked at though nothing changed."""
        board = self._core.board
        moment = board.next_moment()
        waits = [self._core.machine.look_again] if board.anything_waits else []
        if moment is not None:  # not all of it at once: the clock may be set meanwhile
            waits.append(min(max((moment - utc_now()).total_seconds(), _BREATH), _LOOK_AT_CLOCK))
        return min(waits, default=None)

    async def close(self) -> None:
        """Let the starts that are under way come to their end."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2.0)

    async def _perform(self) -> None:
        core = self._core
        await release(core, utc_now())
        if not core.board.anything_waits or core.queue.paused or core.board.cpus_held() >= core.machine.cpus:
            return
        core.seen_machine = await core.machine.machine(core.board)
        for action in plan(core.snapshot()):
            record = core.board.get(action.job_id)
            if record is not None:
                core.board.starting(record, action.gpus, utc_now())
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
            record = await cancel_waiting(core, job_id)
        if record.status != "running":
            return
        reason = record.cancel_requested or BY_USER
        await core.executors[record.executor].stop(attempts.ref_of(record), reason, record.spec.grace)

    async def _start(self, record: JobRecord, action: Start) -> None:
        core = self._core
        try:
            async with self._turns:
                begun = await self._begin(record, action)
            if begun is not None:
                await self._settle(record, *begun)
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

    async def _begin(self, record: JobRecord, action: Start) -> tuple[Launch, Started] | None:
        """Start the attempt; not one that was cancelled, nor any since the queue was paused, while it waited its turn."""
        core = self._core
        now = core.board.get(record.id)
        if now is None or now.cancel_requested is not None or core.queue.paused:
            return None
        launch = self._launch(record, action)
        if record.spec.uploads:
            await asyncio.to_thread(unfold, RunFolder(record.run_dir), record.spec.uploads)
        self._first_moments[launch.ref] = asyncio.Event()
        return launch, await core.executors[record.executor].start(launch)

    def _launch(self, record: JobRecord, action: Start) -> Launch:
        core, spec = self._core, record.spec
        sealed = core.sealed_of(record.id)
        opened = core.vault.open(sealed) if sealed is not None else Opened(None, {})
        attempt = record.attempt + 1
        gpus = core.seen_machine.in_order(action.gpus)
        per_hour = per_hour_of(spec, gpus, core.seen_machine.gpus, core.settings.prices)
        if spec.max_cost_per_hour is not None and (per_hour is None or per_hour > spec.max_cost_per_hour):
            check_cost(
                spec, core.seen_machine.gpus, core.settings.prices, core.settings.currency
            )  # prices have changed
        environment = environment_of(
            spec,
            job_id=record.id,
            run_dir=Path(record.run_dir),
            home=core.home,
            attempt=attempt,
            carried=self._environment if opened.environment is None else opened.environment,
            secrets=opened.secrets,
            gpus=gpus,
        )
        if spec.secrets:
            core.masks.know(record.id, attempt, Mask(opened.secrets.values()))
        return Launch(
            ref=attempts.ref_of(record, attempt),
            argv=argv_of(spec),
            environment=environment,
            workdir=Path(spec.workdir),
            gpus=gpus,
            gpu_share=min(spec.gpus.count, 1.0),
            cpus=spec.cpus,
            cores=spec.cores,
            grace=spec.grace,
            time=spec.time,
            memory=spec.memory,
            max_output=spec.max_output or _OUTPUT_BOUND,
            max_iops=spec.max_iops,
            max_processes=spec.max_processes,
            home_id=core.home_id,
            secrets=spec.secrets,
            cost_per_hour=per_hour,
        )

    async def _settle(self, record: JobRecord, launch: Launch | None, outcome: Started) -> None:
        core = self._core
        if isinstance(outcome, GivenBack):
            assert launch is not None
            if outcome.reason.code == "gpu_held":
                core.machine.set_refused(launch.gpus)
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
