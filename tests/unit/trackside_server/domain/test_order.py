from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackside_server.domain.order import Place, moved


def _queue(*priorities: int) -> list[Place]:
    return [Place(f"job-{seq}", priority, seq) for seq, priority in enumerate(priorities, 1)]


def _order(queue: list[Place], changes: dict[str, int]) -> list[str]:
    after = [Place(place.id, changes.get(place.id, place.priority), place.seq) for place in queue]
    return [place.id for place in sorted(after, key=lambda place: place.order)]


@given(
    priorities=st.lists(st.integers(-3, 3), min_size=2, max_size=9),
    picks=st.tuples(st.integers(0, 99), st.integers(0, 99)),
    last=st.booleans(),
)
def test_the_job_stands_where_it_was_put_and_the_others_as_before(
    priorities: list[int], picks: tuple[int, int], last: bool
) -> None:
    queue = _queue(*priorities)
    ids = [place.id for place in sorted(queue, key=lambda place: place.order)]
    job = ids[picks[0] % len(ids)]
    others = [each for each in ids if each != job]
    before = None if last else others[picks[1] % len(others)]
    changes = moved(queue, job, before)
    at = len(others) if before is None else others.index(before)
    assert _order(queue, changes) == [*others[:at], job, *others[at:]]
    assert not set(changes) & set(others[at:])
    assert all(changes[place.id] != place.priority for place in queue if place.id in changes)


def test_whoever_stands_there_already_keeps_the_priority() -> None:
    assert moved(_queue(5, 0, 0), "job-2", "job-3") == {}
    assert moved(_queue(5, 0, 0), "job-3", None) == {}
    assert moved(_queue(0), "job-1", None) == {}


@pytest.mark.parametrize(
    ("job", "before", "changes"),
    [
        ("job-3", "job-1", {"job-3": 1}),
        ("job-3", "job-2", {"job-3": 1, "job-1": 1}),
        ("job-1", None, {"job-1": -1}),
        ("job-1", "job-3", {"job-2": 1}),
    ],
)
def test_few_priorities_change(job: str, before: str | None, changes: dict[str, int]) -> None:
    assert moved(_queue(0, 0, 0), job, before) == changes
