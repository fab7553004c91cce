"""Writes that wait together are committed together; the failure of one is its own."""

import asyncio
import sqlite3
import threading
from concurrent.futures import CancelledError

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from trackside.errors import Conflict, InternalError, InvalidInput, TryAgain


def failure(number):
    """What SQLAlchemy raises when SQLite answers with this number."""
    error = sqlite3.OperationalError("SQLite says why")
    error.sqlite_errorcode = number
    return OperationalError("INSERT", {}, error)


@pytest.fixture
def commits(store):
    """Counts the commits of the store."""
    seen = []
    event.listen(store._engine, "commit", lambda connection: seen.append(1))
    return seen


@pytest.fixture
def held(store):
    """Hold the writer in a first write until the test lets it go, so that others gather behind it."""
    let_go, holds = threading.Event(), threading.Event()

    def hold(tx):
        holds.set()
        assert let_go.wait(20), "the test never let the writer go"

    future = store.submit(hold)
    assert holds.wait(20), "the writer never began"
    yield let_go
    let_go.set()
    future.result(20)


def test_writes_that_wait_share_one_commit(store, new_job, held, commits):
    futures = [store.submit(lambda tx, n=n: tx.insert_job(new_job(f"n{n}"))) for n in range(100)]
    held.set()
    assert [future.result(20).seq for future in futures] == list(range(1, 101))
    assert len(commits) == 2


def test_the_error_of_one_write_undoes_that_one_alone(store, new_job, held, ask):
    def fails(tx):
        tx.insert_job(new_job("bad", status="failed"))
        raise Conflict("no")

    good = [store.submit(lambda tx: tx.insert_job(new_job("good"))) for _ in range(2)]
    bad = store.submit(fails)
    twin = store.submit(lambda tx: tx.insert_job(new_job(seq=1)))
    last = store.submit(lambda tx: tx.insert_job(new_job("good")))
    held.set()
    assert [future.result(20).seq for future in (*good, last)] == [1, 2, 3]
    with pytest.raises(Conflict, match="no"):
        bad.result(20)
    with pytest.raises(InternalError, match="UNIQUE"):
        twin.result(20)
    assert [job.name for job in ask(lambda reader: reader.jobs_page().jobs)] == ["good"] * 3
    assert len(ask(lambda reader: reader.events_since(0))) == 3
    assert ask(lambda reader: reader.counts())["failed"] == 0


def test_a_write_that_is_cancelled_while_it_waits_never_runs(store, new_job, held, ask):
    future = store.submit(lambda tx: tx.insert_job(new_job()))
    assert future.cancel()
    held.set()
    store.write_now(lambda tx: None)
    assert ask(lambda reader: reader.job(1)) is None
    with pytest.raises(CancelledError):
        future.result(0)


def test_closing_performs_what_waits_and_refuses_what_comes_later(store, new_job, held, open_store):
    future = store.submit(lambda tx: tx.insert_job(new_job("kept")))
    closing = threading.Thread(target=store.close)
    closing.start()
    held.set()
    closing.join(20)
    assert future.result(0).name == "kept"
    with pytest.raises(TryAgain, match="closed"):
        store.submit(lambda tx: None)
    with open_store().read() as reader:
        assert reader.job(1).name == "kept"


def test_a_store_can_be_closed_twice(store):
    store.close()
    store.close()


def test_a_full_disk_is_told_to_each_and_the_writer_goes_on_when_there_is_room(store, new_job, held, ask):
    big = "x" * 400_000
    event.listen(store._engine, "begin", lambda connection: connection.exec_driver_sql("PRAGMA max_page_count=60"))
    futures = [store.submit(lambda tx, c=c: tx.insert_job(new_job(command=c))) for c in ("a", big, "b")]
    held.set()
    assert [futures[n].result(20).seq for n in (0, 2)] == [1, 2]
    with pytest.raises(TryAgain, match=r"disk.*full.*Free some space") as caught:
        futures[1].result(20)
    assert caught.value.code == "disk_full"
    assert str(store.path) in str(caught.value)
    assert [job.spec.command for job in ask(lambda reader: reader.active_jobs())] == ["a", "b"]
    assert ask(lambda reader: reader.last_event_id()) == 2
    event.listen(store._engine, "begin", lambda connection: connection.exec_driver_sql("PRAGMA max_page_count=9999"))
    assert store.write_now(lambda tx: tx.insert_job(new_job(command=big))).seq == 3


@pytest.mark.parametrize(
    ("number", "code", "family"),
    [
        (sqlite3.SQLITE_IOERR_FSYNC, "store_io", TryAgain),
        (sqlite3.SQLITE_READONLY_DBMOVED, "store_read_only", InvalidInput),
        (sqlite3.SQLITE_CANTOPEN, "store_read_only", InvalidInput),
        (sqlite3.SQLITE_CORRUPT, "store_damaged", InvalidInput),
        (sqlite3.SQLITE_TOOBIG, "internal_error", InternalError),
    ],
)
def test_a_failing_file_is_named_and_the_next_write_succeeds(store, new_job, number, code, family):
    def fails(tx):
        tx.insert_job(new_job())
        raise failure(number)

    with pytest.raises(family) as caught:
        store.write_now(fails)
    assert caught.value.code == code
    assert str(store.path) in str(caught.value)
    assert store.write_now(lambda tx: tx.insert_job(new_job())).seq == 1


def test_a_lock_that_is_freed_in_time_costs_only_time(store, new_job):
    tries = []

    def locked_twice(tx):
        tries.append(1)
        if len(tries) < 3:
            raise failure(sqlite3.SQLITE_BUSY)
        return tx.insert_job(new_job()).seq

    assert store.write_now(locked_twice) == 1
    assert len(tries) == 3


def test_a_lock_that_is_never_freed_is_told(store, monkeypatch):
    monkeypatch.setattr("trackside_server.store.writer._PATIENCE", 0.0)

    def locked(tx):
        raise failure(sqlite3.SQLITE_BUSY)

    with pytest.raises(TryAgain, match="another process"):
        store.write_now(locked)


def test_a_transaction_that_sqlite_ended_is_never_taken_for_committed(store, new_job):
    def ends_it(tx):
        tx.insert_job(new_job())
        tx._connection.connection.driver_connection.execute("ROLLBACK")

    with pytest.raises(InternalError):
        store.write_now(ends_it)
    assert store.write_now(lambda tx: tx.insert_job(new_job())).seq == 1


def test_coroutines_write_and_ask(store, new_job):
    async def both():
        jobs = await asyncio.gather(*(store.write(lambda tx: tx.insert_job(new_job())) for _ in range(5)))
        reserved = await store.reserve_job_ids(2)
        return [job.seq for job in jobs], reserved, await store.query(lambda reader: reader.counts()["pending"])

    assert asyncio.run(both()) == ([1, 2, 3, 4, 5], [6, 7], 5)


def test_an_error_of_the_asker_is_the_askers_own(store):
    with pytest.raises(FileNotFoundError), store.read():
        raise FileNotFoundError("a run folder")
