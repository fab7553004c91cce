"""The board of unfinished jobs stays true, whatever is put, started and dropped in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from trackside.models import FINAL, STATUSES, Dependency, JobSpec
from trackside_server.domain.dependencies import judge
from trackside_server.domain.plan import Machine
from trackside_server.domain.record import JobRecord
from trackside_server.domain.standing import waiting_of
from trackside_server.engine.board import Board

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MACHINE = Machine(4.0)
steps = st.lists(
    st.tuples(
        st.sampled_from(("put", "put", "put", "drop", "starting", "settled")),
        st.integers(1, 5),
        st.sampled_from(STATUSES),
        st.integers(-1, 1),
    ),
    max_size=40,
)


@given(steps)
def test_the_queue_is_always_the_sorted_pending_jobs_that_are_not_being_started(taken):
    board, known, starting = Board(), {}, set()
    for step, seq, status, priority in taken:
        record = JobRecord(
            seq=seq,
            uuid="u",
            status=status,
            created_at=NOW,
            run_dir="/r",
            priority=priority,
            spec=JobSpec(command="true"),
        )
        if step == "put":
            board.put(record)
            known.pop(seq, None)
            if status not in FINAL:
                known[seq] = record
        elif step == "drop":
            board.drop(f"job-{seq}")
            known.pop(seq, None)
        elif step == "starting" and seq in known and known[seq].status == "pending":
            board.starting(known[seq], ())
            starting.add(seq)
        elif step == "settled":
            board.settled(f"job-{seq}")
            starting.discard(seq)
        expected = [waiting_of(each) for n, each in known.items() if each.status == "pending" and n not in starting]
        assert list(board.snapshot(MACHINE).waiting) == sorted(expected, key=lambda each: each.order)
        held = {f"job-{n}" for n, each in known.items() if each.status == "running"} | {f"job-{n}" for n in starting}
        assert {each.id for each in board.running()} == held
        assert {each.seq for each in board.records()} == set(known)


_chains = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from(STATUSES), st.booleans()),
    max_size=40,
)
_edges = st.fixed_dictionaries(
    {
        n: st.dictionaries(st.integers(1, n - 1), st.sampled_from(("ok", "any", "failed")), max_size=2)
        for n in range(2, 7)
    }
)


@given(_edges, _chains)
def test_only_jobs_whose_dependencies_are_met_stand_in_the_queue_and_the_broken_ones_are_named(edges, taken):
    """The store is a dictionary here; jobs are changed, ended, retried and deleted in any order."""
    board, store = Board(), {}
    for seq, status, deleted in taken:
        after = [Dependency(f"job-{on}", condition) for on, condition in edges.get(seq, {}).items()]
        spec = JobSpec(command="true", after=after)
        record = JobRecord(seq=seq, uuid="u", status=status, created_at=NOW, run_dir="/r", spec=spec)
        if deleted and seq in store and store[seq].status in FINAL:
            del store[seq]
            board.drop(record.id)
        else:
            store[seq] = record
            board.put(record)
        for job_id in board.unknown():
            board.learn(job_id, store.get(int(job_id[4:])))
        free, broken = set(), set()
        for each in store.values():
            verdicts = {judge(on, getattr(store.get(int(on.job[4:])), "status", None)) for on in each.spec.after}
            if each.status == "pending" and verdicts <= {"met"}:
                free.add(each.id)
            if each.status in {"pending", "scheduled"} and "broken" in verdicts:
                broken.add(each.id)
        assert [each.id for each in board.snapshot(MACHINE).waiting] == sorted(free)
        assert {each.id for each in board.broken()} == broken
