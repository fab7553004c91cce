"""Every change leaves an event; none is lost, repeated or seen too early."""

import pytest

from trackside.models import JobChanged, JobDeleted, Queue, QueueChanged, RunChanged
from trackside_server.store import tx as tx_module


def test_each_change_of_a_job_is_one_event_with_the_job_as_it_then_was(store, insert, ask, clock):
    insert("base")
    clock.forward(seconds=1)
    store.write_now(lambda tx: (tx.update_job(1, status="running", attempt=1), tx.update_job(1, exit_code=4)))
    events = ask(lambda reader: reader.events_since(0))
    assert [(event.id, event.job.status, event.job.exit_code) for event in events] == [
        (1, "pending", None),
        (2, "running", None),
        (3, "running", 4),
    ]
    assert events[2].job.message == "job-1 is running"
    assert events[0].job.home_id == "home-1"
    assert (events[2].at - events[0].at).total_seconds() == 1
    assert events[0].job.spec.command == "true"


def test_a_change_that_changes_nothing_leaves_no_event(store, insert, ask):
    insert()
    store.write_now(lambda tx: tx.update_job(1, status="pending", tags=()))
    assert ask(lambda reader: reader.last_event_id()) == 1


def test_events_of_a_deleted_job_still_hold_the_whole_job(store, insert, ask, clock):
    insert("base")
    store.write_now(lambda tx: tx.delete_job(1))
    changed, deleted = ask(lambda reader: reader.events_since(0))
    assert isinstance(changed, JobChanged)
    assert changed.job.spec.command == "true"
    assert deleted == JobDeleted(2, clock.now, "job-1")


def test_an_event_may_be_added_by_itself(store, ask, clock):
    store.write_now(lambda tx: tx.add_event(RunChanged(0, clock.now, "local-1")))
    assert ask(lambda reader: reader.events_since(0)) == [RunChanged(1, clock.now, "local-1")]


def test_a_pause_of_the_queue_is_an_event_with_the_queue_as_it_then_was(store, ask, clock):
    paused = Queue(paused=True, since=clock.now, by="alice", tag_limits={"data": 1})
    store.write_now(lambda tx: tx.add_event(QueueChanged(0, clock.now, paused)))
    assert ask(lambda reader: reader.events_since(0)) == [QueueChanged(1, clock.now, paused)]
    assert store.take_fresh(0) == [QueueChanged(1, clock.now, paused)]


def test_a_jobs_event_comes_only_from_its_change(store, insert, ask):
    insert()
    event = ask(lambda reader: reader.events_since(0))[0]
    with pytest.raises(TypeError):
        store.write_now(lambda tx: tx.add_event(event))


def test_reading_goes_on_after_any_event(insert, ask):
    for _ in range(5):
        insert()
    assert [event.id for event in ask(lambda reader: reader.events_since(2, limit=2))] == [3, 4]
    assert [event.id for event in ask(lambda reader: reader.events_since(4))] == [5]
    assert ask(lambda reader: reader.events_since(5)) == []


def test_a_write_that_fails_leaves_no_event_and_uses_no_id(store, insert, new_job, ask):
    def fails(tx):
        tx.insert_job(new_job())
        raise KeyError("stop")

    with pytest.raises(KeyError):
        store.write_now(fails)
    insert()
    assert [event.id for event in ask(lambda reader: reader.events_since(0))] == [1]
    assert ask(lambda reader: reader.counts()["pending"]) == 1


def test_listeners_are_told_the_last_event_of_each_commit_that_had_one(store, insert, new_job):
    told = []
    forget = store.on_commit(told.append)
    insert()
    store.write_now(lambda tx: [tx.insert_job(new_job()) for _ in range(3)])
    store.write_now(lambda tx: tx.reserve_job_ids())
    forget()
    insert()
    assert told == [1, 4]


def test_a_listener_that_fails_is_logged_and_stops_nothing(store, insert, caplog):
    def fails(last):
        raise RuntimeError("loop is closed")

    told = []
    store.on_commit(fails)
    store.on_commit(told.append)
    insert(), insert()
    store.close()
    assert told == [1, 2]
    assert "commit of event 1" in caplog.text


def test_the_last_event_id_follows_own_commits_and_those_of_others(store, insert, open_store, new_job):
    assert store.last_event_id() == 0
    insert()
    assert store.last_event_id() == 1
    before = store.data_version()
    open_store().write_now(lambda tx: tx.insert_job(new_job()))
    assert store.last_event_id() == 2
    assert store.data_version() != before


def test_old_events_go_and_the_specs_of_deleted_jobs_with_the_last_event_that_needs_them(store, insert, ask, path):
    insert("kept"), insert("gone")
    store.write_now(lambda tx: tx.delete_job(2))
    store.write_now(lambda tx: tx.prune(1))
    assert [type(event) for event in ask(lambda reader: reader.events_since(0))] == [JobChanged, JobDeleted]
    assert ask(lambda reader: reader.first_event_id()) == 2
    store.write_now(lambda tx: tx.prune(3))
    assert ask(lambda reader: (reader.first_event_id(), reader.last_event_id())) == (0, 0)
    insert()
    assert ask(lambda reader: reader.last_event_id()) == 4
    assert [ask(lambda reader, seq=seq: reader.job(seq)) is None for seq in (1, 2)] == [False, True]
    assert _specs(path) == [1, 3]


def test_the_writer_prunes_by_itself(store, insert, ask, clock, monkeypatch):
    monkeypatch.setattr(tx_module, "KEPT_EVENTS", 100)
    for _ in range(5):
        store.write_now(lambda tx: [tx.add_event(RunChanged(0, clock.now, "r")) for _ in range(300)])
    assert ask(lambda reader: (reader.first_event_id(), reader.last_event_id())) == (1101, 1500)


def _specs(path):
    import sqlite3

    connection = sqlite3.connect(path)
    seqs = [seq for (seq,) in connection.execute("SELECT seq FROM job_specs ORDER BY seq")]
    connection.close()
    return seqs
