"""Lists come in pages that stay right while rows are added."""

from base64 import urlsafe_b64encode

import pytest

from trackside.errors import InvalidInput

HUGE = urlsafe_b64encode(b'["job",99999999999999999999999]').decode()


def ids(page):
    return [job.seq for job in page.jobs]


def all_pages(ask, limit, **filters):
    cursor, seqs = None, []
    while True:
        page = ask(lambda reader, cursor=cursor: reader.jobs_page(limit=limit, cursor=cursor, **filters))
        seqs += ids(page)
        cursor = page.next
        if cursor is None:
            return seqs


def test_pages_hold_every_job_once_newest_first(insert, ask):
    for _ in range(7):
        insert()
    for limit in (1, 3, 7, 50):
        assert all_pages(ask, limit) == [7, 6, 5, 4, 3, 2, 1]


def test_the_last_page_has_no_next(insert, ask):
    for _ in range(4):
        insert()
    assert ask(lambda reader: reader.jobs_page(limit=4)).next is None


def test_jobs_added_between_two_pages_shift_nothing(insert, ask):
    for _ in range(4):
        insert()
    first = ask(lambda reader: reader.jobs_page(limit=2))
    insert(), insert()
    second = ask(lambda reader: reader.jobs_page(limit=2, cursor=first.next))
    assert (ids(first), ids(second)) == ([4, 3], [2, 1])


def test_a_job_deleted_at_the_cursor_shifts_nothing(store, insert, ask):
    for _ in range(4):
        insert()
    first = ask(lambda reader: reader.jobs_page(limit=2))
    store.write_now(lambda tx: tx.delete_job(3))
    assert ids(ask(lambda reader: reader.jobs_page(limit=2, cursor=first.next))) == [2, 1]


def test_filters_hold_together_and_over_pages(insert, ask):
    for number in range(12):
        insert(
            "even" if number % 2 == 0 else "odd-one",
            status=("pending", "running", "failed")[number % 3],
            tags=("t",) if number % 4 == 0 else (),
        )
    pages = {
        "status": all_pages(ask, 2, status=["running", "failed", "running"]),
        "tag": all_pages(ask, 2, tag="t"),
        "name": all_pages(ask, 2, name="even"),
        "pattern": all_pages(ask, 2, name="ODD*"),
        "all": all_pages(ask, 1, status=["pending", "running"], tag="t", name="e*n"),
    }
    assert pages == {
        "status": [12, 11, 9, 8, 6, 5, 3, 2],
        "tag": [9, 5, 1],
        "name": [11, 9, 7, 5, 3, 1],
        "pattern": [12, 10, 8, 6, 4, 2],
        "all": [5, 1],
    }


def test_percent_and_underscore_in_a_name_stand_for_themselves(insert, ask):
    insert("a_c"), insert("abc")
    assert ids(ask(lambda reader: reader.jobs_page(name="a_*"))) == [1]
    assert ids(ask(lambda reader: reader.jobs_page(name="*%*"))) == []


@pytest.mark.parametrize("cursor", ["", "x", "bm8", "WyJydW4iLDEsImEiXQ", "é", "W10", HUGE])
def test_a_cursor_that_is_none_is_refused(ask, cursor):
    with pytest.raises(InvalidInput, match="cursor"):
        ask(lambda reader: reader.jobs_page(cursor=cursor))


def test_a_cursor_of_jobs_is_none_of_runs(insert, ask):
    insert(), insert()
    following = ask(lambda reader: reader.jobs_page(limit=1)).next
    with pytest.raises(InvalidInput, match="cursor"):
        ask(lambda reader: reader.runs_page(cursor=following))
