"""Which runs go, and which never do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackside.errors import InvalidInput
from trackside.models import JobSpec
from trackside.models.housekeeping import Retention, parse_retention
from trackside.models.spec import Dependency
from trackside_server.domain.record import JobRecord, RunRow
from trackside_server.domain.retention import needed_by, to_prune

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def run(number, *, days=None, status="completed", tags=(), name=None, imported=None):
    """A run that ended so many days ago (default: its number)."""
    ended = NOW - timedelta(days=number if days is None else days)
    finished = ended if status in {"completed", "failed", "cancelled"} else None
    return RunRow(
        id=f"job-{number}",
        uuid=f"u{number}",
        name=name or f"job-{number}",
        status=status,
        run_dir=f"/runs/job-{number}",
        job_id=f"job-{number}",
        tags=tags,
        created_at=ended,
        finished_at=finished,
        imported_at=None if imported is None else NOW - timedelta(days=imported),
    )


def gone(runs, needed=(), sizes=None, **rule):
    return [row.id for row in to_prune(runs, Retention(**rule), NOW, needed=needed, sizes=sizes)]


DAY = 86400.0
RUNS = [run(number) for number in (3, 1, 5, 4, 2)]


def test_by_age_those_go_that_ended_longer_ago():
    assert gone(RUNS, older_than=2.5 * DAY) == ["job-5", "job-4", "job-3"]


def test_by_number_the_newest_stay():
    assert gone(RUNS, keep=2) == ["job-5", "job-4", "job-3"]


def test_the_newest_stay_also_when_they_are_old():
    assert gone(RUNS, older_than=0.5 * DAY, keep=2) == ["job-5", "job-4", "job-3"]


def test_an_imported_run_is_as_old_as_its_import_or_its_later_end():
    runs = [run(1, days=400, imported=0.5), run(2, days=400, imported=9), run(3, days=3, imported=300), run(4)]
    assert gone(runs, older_than=2 * DAY) == ["job-2", "job-4", "job-3"]
    assert gone(runs, keep=1) == ["job-2", "job-4", "job-3"]


def test_by_size_the_oldest_go_until_all_fit():
    sizes = {row.id: 10 for row in RUNS}
    assert gone(RUNS, sizes=sizes, max_size=29) == ["job-5", "job-4", "job-3"]
    assert gone(RUNS, sizes=sizes, max_size=30) == ["job-5", "job-4"]
    assert gone(RUNS, sizes=sizes, max_size=50) == []


def test_what_cannot_go_counts_into_the_size_all_the_same():
    runs = [*RUNS, run(9, status="running")]
    sizes = {row.id: 10 for row in RUNS} | {"job-9": 1000}
    assert gone(runs, sizes=sizes, max_size=100) == ["job-5", "job-4", "job-3", "job-2", "job-1"]


def test_a_status_or_a_tag_leaves_all_others_alone():
    runs = [*RUNS, run(6, status="failed"), run(7, tags=("try",))]
    assert gone(runs, status=["failed"]) == ["job-6"]
    assert gone(runs, tag="try") == ["job-7"]
    assert gone(runs, tag="try", older_than=8 * DAY) == []


@pytest.mark.parametrize("status", ["pending", "scheduled", "running"])
def test_an_unfinished_run_never_goes(status):
    assert gone([run(99, status=status)], older_than=0.0) == []


def test_a_run_tagged_keep_never_goes():
    assert gone([run(99, tags=("keep",))], older_than=0.0) == []


def test_a_job_that_others_wait_for_never_goes():
    waiting = JobRecord(
        uuid="u",
        created_at=NOW,
        run_dir="/",
        spec=JobSpec(command="x", after=[Dependency("job-2"), Dependency("base")]),
    )
    runs = [run(1), run(2), run(3, name="base")]
    assert gone(runs, needed=needed_by([waiting]), older_than=0.0) == ["job-1"]


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["completed", "failed", "running"]), st.booleans())),
    st.none() | st.floats(0, 40 * DAY),
    st.none() | st.integers(0, 20),
    st.none() | st.integers(0, 300),
)
def test_whatever_is_asked_only_finished_unpinned_runs_go_each_once(found, older_than, keep, max_size):
    runs = [
        run(number, days=days, status=status, tags=("keep",) if pinned else ())
        for number, (days, status, pinned) in enumerate(found)
    ]
    rule = Retention(older_than=older_than, keep=keep, max_size=max_size)
    sizes = {row.id: 10 for row in runs}
    chosen = to_prune(runs, rule, NOW, sizes=sizes)
    assert len({row.id for row in chosen}) == len(chosen)
    assert all(row.is_terminal and "keep" not in row.tags for row in chosen)
    may_go = [row for row in runs if row.is_terminal and "keep" not in row.tags]
    assert len(may_go) - len(chosen) >= min(keep or 0, len(may_go))
    if older_than is not None and max_size is None:
        assert all(NOW - row.finished_at > timedelta(seconds=older_than) for row in chosen)
    if max_size is not None and not keep:
        left = 10 * (len(runs) - len(chosen))
        assert left <= max_size or len(chosen) == len(may_go)


def test_what_is_asked_is_read_as_people_write_it():
    rule = parse_retention({"older_than": "30d", "max_size": "50G", "status": "failed,cancelled", "dry_run": False})
    assert rule == Retention(older_than=30 * DAY, max_size=50 * 2**30, status=["failed", "cancelled"], dry_run=False)


@pytest.mark.parametrize("nothing", [{}, {"dry_run": False}, {"older_than": None, "status": []}])
def test_without_a_rule_nothing_goes(nothing):
    with pytest.raises(InvalidInput) as refused:
        parse_retention(nothing)
    assert refused.value.code == "no_criterion"


@pytest.mark.parametrize(
    "wrong",
    [
        {"older_than": "yesterday"},
        {"older_than": True},
        {"keep": -1},
        {"keep": "3"},
        {"max_size": "big"},
        {"max_size": -1},
        {"status": "running"},
        {"status": [3]},
        {"tag": " "},
        {"tag": 3},
        {"keep": 3, "dry_run": "no"},
        {"oldr_than": "30d"},
    ],
)
def test_what_cannot_be_read_is_refused_by_name(wrong):
    with pytest.raises(InvalidInput) as refused:
        parse_retention(wrong)
    assert next(reversed(wrong)) in refused.value.message
