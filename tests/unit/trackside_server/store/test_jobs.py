"""Jobs go in, change and come back."""

from datetime import timedelta

import msgspec
import pytest

from trackside.errors import InvalidInput, NotFound
from trackside.models import JobSpec, Limit, Reason
from trackside_server.domain.query import Tagged, Term


def test_a_job_comes_back_as_it_was_put_in(store, new_job, ask, clock):
    record = new_job(
        "base", status="running", reason=None, exit_code=-9, started_at=clock.now, finished_at=clock.now, attempt=3,
        executor="slurm", priority=-5, tags=("b", "a"), cancel_requested=Reason("cancelled_by_user", "“Stop”"),
        gpus=("GPU-1", "GPU-2"), limits=(Limit("memory", 2.0**40, False),), peak_memory=2**45,
    )  # fmt: skip
    kept = store.write_now(lambda tx: tx.insert_job(record))
    assert kept == msgspec.structs.replace(record, seq=1)
    assert ask(lambda reader: reader.job(1)) == kept


def test_ids_rise_from_one(insert):
    assert [insert().id for _ in range(3)] == ["job-1", "job-2", "job-3"]


def test_the_id_of_the_newest_job_does_not_come_back_when_the_job_is_deleted(store, insert, open_store):
    insert(status="failed")
    store.write_now(lambda tx: tx.delete_job(1))
    store.close()
    assert open_store().write_now(lambda tx: tx.reserve_job_ids()) == [2]


def test_a_reserved_id_is_nobody_elses(store, new_job, insert):
    reserved = store.write_now(lambda tx: tx.reserve_job_ids(3), durable=False)
    insert()
    late = store.write_now(lambda tx: tx.insert_job(new_job(seq=reserved[1])))
    assert (reserved, late.id, insert().id) == ([1, 2, 3], "job-2", "job-5")


def test_a_job_that_brings_a_higher_number_lifts_the_numbers_that_follow(store, new_job, insert):
    store.write_now(lambda tx: tx.insert_job(new_job(seq=40)))
    store.write_now(lambda tx: tx.raise_job_ids(30))
    assert insert().seq == 41
    store.write_now(lambda tx: tx.raise_job_ids(99))
    assert insert().seq == 100


def test_two_jobs_of_one_number_are_refused_and_the_first_stays(store, insert, new_job, ask):
    first = insert("first")
    with pytest.raises(Exception, match="UNIQUE"):
        store.write_now(lambda tx: tx.insert_job(new_job("second", seq=first.seq)))
    assert ask(lambda reader: reader.job(first.seq).name) == "first"
    assert ask(lambda reader: reader.counts()["pending"]) == 1


def test_a_change_is_returned_and_kept(store, insert, ask, clock):
    insert()
    after = store.write_now(
        lambda tx: tx.update_job("job-1", status="completed", exit_code=0, finished_at=clock.now + timedelta(hours=1))
    )
    assert (after.status, after.exit_code) == ("completed", 0)
    assert ask(lambda reader: reader.job("1")) == after


def test_a_change_of_the_name_is_found_by_the_new_name_only(store, insert, ask):
    insert("old")
    store.write_now(lambda tx: tx.update_job(1, name="new"))
    assert [job.id for job in ask(lambda reader: reader.resolve("new"))] == ["job-1"]
    assert ask(lambda reader: reader.resolve("old")) == []


def test_a_change_of_the_tags_is_found_by_the_new_tags_only(store, insert, ask):
    insert(tags=("a", "b", "b"))
    store.write_now(lambda tx: tx.update_job(1, tags=("b", "c")))
    found = {tag: len(ask(lambda reader, tag=tag: reader.jobs_page(tag=tag)).jobs) for tag in "abc"}
    assert found == {"a": 0, "b": 1, "c": 1}


@pytest.mark.parametrize("field", ["uuid", "seq", "created_at", "colour"])
def test_what_never_changes_cannot_be_changed(store, insert, field):
    insert()
    with pytest.raises(TypeError, match=field):
        store.write_now(lambda tx: tx.update_job(1, **{field: None}))


def test_a_spec_that_a_retry_changed_is_the_jobs_from_then_on(store, insert, ask):
    changed = msgspec.structs.replace(insert().spec, memory=2**34)
    store.write_now(lambda tx: tx.update_job(1, spec=changed))
    assert ask(lambda reader: reader.job(1)).spec.memory == 2**34


def test_a_setting_is_what_was_kept_last(store, ask):
    assert ask(lambda reader: reader.setting("queue")) is None
    for value in ("{}", '{"paused": true}'):
        store.write_now(lambda tx, value=value: tx.keep_setting("queue", value))
        assert ask(lambda reader: reader.setting("queue")) == value


def test_a_job_that_is_not_there_cannot_change(store):
    with pytest.raises(NotFound, match="job-7"):
        store.write_now(lambda tx: tx.update_job("job-7", status="failed"))


def test_a_write_sees_its_own_changes_and_nobody_else_does_before_the_commit(store, new_job, ask):
    def write(tx):
        tx.insert_job(new_job("mine"))
        return tx.job(1).name, ask(lambda reader: reader.job(1))

    assert store.write_now(write) == ("mine", None)


def test_a_deleted_job_is_gone_with_its_run_tags_and_secrets(store, new_job, new_run, ask):
    store.write_now(lambda tx: tx.insert_job(new_job(status="failed", tags=("a",)), secrets=b"sealed"))
    store.write_now(lambda tx: tx.upsert_run(new_run("job-1", job_id="job-1", tags=("a",))))
    store.write_now(lambda tx: tx.delete_job("job-1"))
    assert ask(lambda reader: (reader.job(1), reader.run("job-1"), reader.sealed(1))) == (None, None, None)
    assert ask(lambda reader: (reader.jobs_page(tag="a").jobs, reader.runs_page((Term(Tagged("a")),)).runs)) == ([], [])


def test_secrets_are_read_until_they_are_taken(store, new_job):
    store.write_now(lambda tx: tx.insert_job(new_job(), secrets=b"sealed"))
    with store.read() as reader:
        assert reader.sealed("job-1") == b"sealed"
    assert store.write_now(lambda tx: tx.take_secrets("job-1")) == b"sealed"
    assert store.write_now(lambda tx: tx.take_secrets("job-1")) is None


def test_secrets_that_are_given_back_take_the_place_of_the_old_ones(store, new_job):
    store.write_now(lambda tx: tx.insert_job(new_job(), secrets=b"old"))
    store.write_now(lambda tx: tx.keep_secrets("job-1", b"new"))
    assert store.write_now(lambda tx: tx.take_secrets(1)) == b"new"


def test_taken_secrets_are_not_left_in_the_file(store, new_job, path):
    store.write_now(lambda tx: tx.insert_job(new_job(), secrets=b"the-sealed-text"))
    store.close()
    assert b"the-sealed-text" in path.read_bytes()
    again = type(store).open(path, home_id="home-1")
    again.write_now(lambda tx: tx.take_secrets(1))
    again.close()
    assert b"the-sealed-text" not in path.read_bytes()


def test_jobs_are_found_by_id_by_number_and_by_exact_name(insert, ask):
    first, second = insert("twin"), insert("twin")
    insert("Twin")
    assert ask(lambda reader: reader.resolve("twin")) == [second, first]
    assert [ask(lambda reader, text=text: reader.resolve(text)) for text in ("job-1", "1", 1)] == [[first]] * 3
    assert [ask(lambda reader, text=text: reader.resolve(text)) for text in ("twi", "job-9", 9, "")] == [[]] * 4


def test_names_are_given_once_newest_first(insert, ask):
    for name in ("a", None, "b", "a"):
        insert(name)
    assert ask(lambda reader: reader.job_names()) == ["a", "b"]


def test_active_jobs_are_those_not_finished_oldest_first(insert, ask):
    for status in ("running", "completed", "pending", "failed", "scheduled", "cancelled"):
        insert(status=status)
    assert [job.status for job in ask(lambda reader: reader.active_jobs())] == ["running", "pending", "scheduled"]


def test_counts_follow_every_change(store, insert, ask):
    insert(), insert(), insert(status="scheduled")
    store.write_now(lambda tx: (tx.update_job(1, status="running"), tx.update_job(1, status="completed")))
    store.write_now(lambda tx: tx.delete_job(1))
    store.write_now(lambda tx: tx.update_job(2, status="running"))
    counts = {"scheduled": 1, "pending": 0, "running": 1, "completed": 0, "failed": 0, "cancelled": 0}
    assert ask(lambda reader: reader.counts()) == counts
    assert ask(lambda reader: reader.jobs_page(status=["failed"])).counts == counts


def test_a_submission_is_remembered_for_a_day_under_its_key(store, clock):
    store.write_now(lambda tx: tx.remember_submission("key", ["job-1", "job-2"]))
    with store.read() as reader:
        assert reader.find_submission("key", now=clock.now + timedelta(hours=23, minutes=59)) == ["job-1", "job-2"]
        assert reader.find_submission("key", now=clock.now + timedelta(hours=24)) is None
        assert reader.find_submission("other", now=clock.now) is None


def test_an_old_submission_makes_room_for_a_new_one_of_its_key(store, clock):
    store.write_now(lambda tx: tx.remember_submission("key", ["job-1"]))
    clock.forward(days=2)
    store.write_now(lambda tx: tx.remember_submission("key", ["job-2"]))
    with store.read() as reader:
        assert reader.find_submission("key", now=clock.now) == ["job-2"]


def test_nan_and_infinities_of_a_config_are_kept_as_the_run_folder_spells_them(store, new_job, ask):
    spec = JobSpec(command="true", config={"a": float("nan"), "b": [float("-inf")], "c": 1.5})
    store.write_now(lambda tx: tx.insert_job(msgspec.structs.replace(new_job(), spec=spec)))
    assert ask(lambda reader: reader.job(1)).spec.config == {"a": "NaN", "b": ["-Infinity"], "c": 1.5}


def test_half_a_character_is_refused_in_what_was_asked_for_and_replaced_in_what_is_told(store, new_job, insert, ask):
    with pytest.raises(InvalidInput, match="not readable as text"):
        store.write_now(lambda tx: tx.insert_job(new_job(command="ls \udcff")))
    insert()
    store.write_now(lambda tx: tx.update_job(1, status="failed", reason=Reason("exception", "no \udcff file")))
    assert ask(lambda reader: reader.job(1)).reason.message == "no ? file"
