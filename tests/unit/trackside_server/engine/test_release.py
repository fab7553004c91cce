"""Jobs whose time has come and jobs that wait in vain, with a real store and a clock that may be set."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from trackside.models import Dependency, JobSpec
from trackside_server.domain.record import JobRecord
from trackside_server.engine import release as module
from trackside_server.engine.board import Board
from trackside_server.engine.release import release
from trackside_server.store import Store

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture
def core(tmp_path, monkeypatch):
    """The part of a core that release works with; ``core.now`` is what the clock says."""
    store = Store.open(tmp_path / "trackside.db", home_id="h")
    core = SimpleNamespace(board=Board(), write=store.write, query=store.query, now=NOW)

    def settle(records):
        for record in records:
            core.board.put(record)

    def keep(*, after=(), **more):
        spec = JobSpec(command="true", after=[Dependency(*each) for each in after])
        record = JobRecord(uuid=str(len(core.kept)), created_at=NOW, run_dir=str(tmp_path / "none"), spec=spec, **more)
        kept = store.write_now(lambda tx: tx.insert_job(record))
        core.kept.append(kept)
        core.board.put(kept)
        return kept.id

    core.settle, core.keep, core.kept = settle, keep, []
    core.standing = lambda: [store.write_now(lambda tx, n=n: tx.job(n)).status for n in range(1, len(core.kept) + 1)]
    core.store = store
    monkeypatch.setattr(module, "utc_now", lambda: core.now)
    yield core
    store.close()


def at(core, moment):
    core.now = moment
    asyncio.run(release(core, moment))
    return core.standing()


def test_a_job_is_put_into_the_queue_at_its_time_and_not_before(core):
    core.keep(status="scheduled", not_before=NOW + timedelta(hours=1))
    assert at(core, NOW + timedelta(minutes=59)) == ["scheduled"]
    assert at(core, NOW + timedelta(hours=1)) == ["pending"]


def test_a_clock_that_is_set_back_neither_starts_a_job_early_nor_takes_it_out_of_the_queue_again(core):
    core.keep(status="scheduled", not_before=NOW + timedelta(hours=1))
    due = core.board.due(NOW + timedelta(hours=1))
    core.now = NOW  # set back between the look at the clock and the write
    asyncio.run(release(core, NOW + timedelta(hours=1)))
    assert (core.standing(), len(due)) == (["scheduled"], 1)
    assert at(core, NOW + timedelta(hours=2)) == ["pending"]
    assert at(core, NOW) == ["pending"]


def test_a_job_that_was_cancelled_meanwhile_stays_cancelled(core):
    job = core.keep(status="scheduled", not_before=NOW)
    core.store.write_now(lambda tx: tx.update_job(job, status="cancelled"))
    assert at(core, NOW) == ["cancelled"]
    assert core.board.records() == []


def test_what_waits_in_vain_fails_and_so_does_what_waits_for_it_in_one_round(core):
    first = core.keep(status="running")
    second = core.keep(after=[(first,)])
    third = core.keep(after=[(second,)], status="scheduled", not_before=NOW + timedelta(days=1))
    core.keep(after=[(third, "any")])
    failed = core.store.write_now(lambda tx: tx.update_job(first, status="failed"))
    core.board.put(failed)
    assert at(core, NOW) == ["failed", "failed", "failed", "pending"]
    reasons = [core.store.write_now(lambda tx, n=n: tx.job(n)).reason for n in (2, 3)]
    assert [reason.code for reason in reasons] == ["dependency_failed"] * 2
    assert [each.id for each in core.board.snapshot(None).waiting] == ["job-4"]


def test_a_job_whose_dependency_was_retried_by_another_server_goes_on_waiting(core):
    first = core.keep(status="running")
    core.keep(after=[(first,)])
    failed = core.store.write_now(lambda tx: tx.update_job(first, status="failed"))
    core.board.put(failed)
    core.store.write_now(lambda tx: tx.update_job(first, status="pending"))  # its event is still on the way
    assert at(core, NOW) == ["pending", "pending"]


def test_what_ended_long_ago_is_asked_of_the_store(core):
    first = core.keep(status="completed")
    core.keep(after=[(first,)])
    core.keep(after=[(first, "failed")])
    assert at(core, NOW) == ["completed", "pending", "failed"]
    assert core.board.unknown() == []
