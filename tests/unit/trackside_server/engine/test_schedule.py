"""The scheduler's loop ends when it is told to, whatever happens in the same moment."""

import asyncio
from types import SimpleNamespace

import pytest

from trackside.models import Queue, Reason
from trackside_server.domain.plan import Start
from trackside_server.engine.board import Board
from trackside_server.engine.schedule import Scheduler


@pytest.fixture
def scheduler(job):
    """A scheduler with a job that waits, and nothing to give."""
    board = Board()
    board.put(job(1))
    return Scheduler(SimpleNamespace(board=board, machine=SimpleNamespace(cpus=0.0, look_again=5.0), queue=Queue()))


@pytest.mark.parametrize("turns", range(4))
def test_an_end_that_comes_together_with_work_is_an_end(scheduler, turns):
    async def main():
        running = asyncio.create_task(scheduler.run())
        await asyncio.sleep(0.01)
        scheduler.plan_soon()
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        done, _ = await asyncio.wait({running}, timeout=1)
        running.cancel()
        assert done, "the loop goes on for ever"

    asyncio.run(main())


def test_a_round_that_fails_is_told_and_the_next_one_comes(scheduler, caplog, monkeypatch):
    async def main():
        rounds = []

        async def perform():
            rounds.append(len(rounds))
            if len(rounds) == 1:
                raise ValueError("broken")

        async def at_once(seconds):
            await sleep(0)

        sleep = asyncio.sleep
        monkeypatch.setattr(scheduler, "_perform", perform)
        monkeypatch.setattr("trackside_server.engine.schedule.asyncio.sleep", at_once)
        running = asyncio.create_task(scheduler.run())
        for _ in range(20):
            scheduler.plan_soon()
            await sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert len(rounds) > 2
        assert "round failed" in caplog.text

    asyncio.run(main())


@pytest.mark.parametrize("what", ["paused", "cancelled"])
def test_a_job_that_waits_its_turn_to_start_obeys_a_pause_and_a_cancel(scheduler, job, monkeypatch, what):
    async def main():
        core, record = scheduler._core, job(1)
        started, cancelled = [], []
        core.executors, core.plan_soon = {"local": SimpleNamespace(start=started.append)}, scheduler.plan_soon
        monkeypatch.setattr(scheduler, "_cancel", lambda job_id: _note(cancelled, job_id))
        for _ in range(8):
            await scheduler._turns.acquire()
        core.board.starting(record, (), record.created_at)
        starting = asyncio.create_task(scheduler._start(record, Start(record.id)))
        await asyncio.sleep(0)
        if what == "paused":
            core.queue = Queue(paused=True)
        else:
            core.board.put(job(1, cancel_requested=Reason("cancelled_by_user", "cancelled")))
        scheduler._turns.release()
        await asyncio.wait_for(starting, 1)
        assert started == []
        assert cancelled == ([record.id] if what == "cancelled" else [])
        assert not core.board.is_starting(record.id)
        assert core.board.anything_waits, "it is in the queue again"

    asyncio.run(main())


async def _note(cancelled, job_id):
    cancelled.append(job_id)
