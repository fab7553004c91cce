"""The board of unfinished jobs stays true, whatever is put and dropped in whatever order."""

from datetime import UTC, datetime, timedelta

from trackside.models import Dependency, JobSpec, Reason
from trackside_server.domain.plan import Machine
from trackside_server.domain.record import JobRecord
from trackside_server.engine.board import Board

MACHINE = Machine(4.0)
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def ids(board):
    return [waiting.id for waiting in board.snapshot(MACHINE).waiting]


def test_waiting_jobs_stand_in_the_order_of_the_queue(job):
    board = Board()
    for each in (job(3), job(1), job(2, priority=5), job(4, priority=-1)):
        board.put(each)
    assert ids(board) == ["job-2", "job-1", "job-3", "job-4"]


def test_a_job_stands_there_once_however_often_it_is_put(job):
    board = Board()
    for priority in (0, 5, -5, 0):
        board.put(job(1, priority=priority))
    assert ids(board) == ["job-1"]
    board.put(job(1, "running"))
    assert ids(board) == []
    assert [each.id for each in board.running()] == ["job-1"]
    board.put(job(1, "completed"))
    assert (board.records(), board.running(), board.anything_waits) == ([], [], False)


def test_a_job_that_is_being_started_holds_what_it_gets_and_waits_no_more(job):
    board = Board()
    board.put(job(1, cpus=2.0))
    board.starting(board.get("job-1"), ())
    assert board.is_starting("job-1")
    assert (ids(board), board.cpus_held(), board.anything_waits) == ([], 2.0, False)
    board.put(job(1, cpus=2.0, cancel_requested=Reason("cancelled_by_user", "cancelled")))
    assert ids(board) == []
    board.settled("job-1")
    assert (ids(board), board.cpus_held(), board.anything_waits) == (["job-1"], 0, True)
    assert board.snapshot(MACHINE).waiting[0].held == "is being cancelled"


def test_a_job_that_started_holds_its_share_once(job):
    board = Board()
    board.put(job(1))
    board.starting(board.get("job-1"), ("g0",))
    board.put(job(1, "running", gpus=("g0",)))
    assert [(each.id, each.gpus) for each in board.running()] == [("job-1", ("g0",))]
    board.settled("job-1")
    assert board.cpus_held() == 1.0
    board.put(job(1, "failed"))
    assert board.cpus_held() == 0


def test_what_was_put_after_the_store_was_read_is_newer_than_what_was_read(job):
    board = Board()
    for each in (job(1), job(2), job(3)):
        board.put(each)
    since = board.changes
    board.put(job(4))
    board.put(job(2, "running"))
    board.drop("job-3")
    board.load([job(1, priority=7), job(2), job(3)], since)
    assert {each.id: (each.status, each.priority) for each in board.records()} == {
        "job-1": ("pending", 7),
        "job-2": ("running", 0),
        "job-4": ("pending", 0),
    }


def test_what_the_store_has_no_more_is_dropped(job):
    board = Board()
    board.put(job(1))
    board.load([], board.changes)
    assert board.records() == []


def test_the_board_knows_what_it_was_told(job):
    board = Board()
    board.put(job(1, "running", attempt=1))
    assert board.knows(job(1, "running", attempt=1).to_wire("h"))
    assert not board.knows(job(1, "running", attempt=2).to_wire("h"))
    assert not board.knows(job(1, "completed", attempt=1).to_wire("h"))
    assert board.knows(job(2, "completed").to_wire("h"))
    assert not board.knows(job(2, "pending").to_wire("h"))
    asked = job(1, "running", attempt=1, cancel_requested=Reason("cancelled_by_user", "cancelled"))
    assert not board.knows(asked.to_wire("h"))


def after(seq, *dependencies, **more):
    """A job that waits for others."""
    spec = JobSpec(command="true", after=[Dependency(f"job-{number}", condition) for number, condition in dependencies])
    return JobRecord(seq=seq, uuid=f"u{seq}", created_at=NOW, run_dir="/r", spec=spec, **more)


def test_a_job_stands_in_the_queue_once_all_that_it_waits_for_has_come(job):
    board = Board()
    for each in (job(1, "running"), job(2), after(3, (1, "ok"), (2, "any"))):
        board.put(each)
    assert ids(board) == ["job-2"]
    board.put(job(1, "completed"))
    assert ids(board) == ["job-2"]
    assert [str(each) for each, _ in board.open_dependencies("job-3")] == ["job-2:any"]
    board.put(job(2, "failed"))
    assert (ids(board), board.open_dependencies("job-3"), board.broken()) == (["job-3"], [], [])


def test_a_job_whose_dependency_is_broken_is_named_until_that_is_retried(job):
    board = Board()
    for each in (job(1, "running"), after(2, (1, "ok")), after(3, (2, "ok"))):
        board.put(each)
    board.put(job(1, "failed"))
    assert [each.id for each in board.broken()] == ["job-2"]
    board.put(job(1))
    assert (board.broken(), ids(board)) == ([], ["job-1"])
    board.put(job(1, "failed"))
    board.put(after(2, (1, "ok"), status="failed"))
    assert [each.id for each in board.broken()] == ["job-3"]


def test_what_ended_before_is_asked_of_the_store_once(job):
    board = Board()
    board.put(after(9, (1, "ok"), (2, "ok")))
    assert board.unknown() == ["job-1", "job-2"]
    assert (ids(board), board.broken()) == ([], [])
    board.learn("job-1", job(1, "completed"))
    assert board.unknown() == ["job-2"]
    board.put(after(9, (1, "ok"), (2, "ok"), priority=3))
    assert board.unknown() == ["job-2"], "what was learnt is kept"
    board.learn("job-2", None)
    assert [each.id for each in board.broken()] == ["job-9"], "a deleted job can complete no more"


def test_who_waits_for_a_job_is_known_for_as_long_as_it_waits(job):
    board = Board()
    for each in (job(1), after(2, (1, "any")), after(3, (1, "any"))):
        board.put(each)
    assert board.dependents("job-1") == ["job-2", "job-3"]
    board.put(after(2, (1, "any"), status="cancelled"))
    assert board.dependents("job-1") == ["job-3"]


def test_the_next_moment_is_that_of_the_first_job_that_still_waits_for_it(job):
    board = Board()
    early, late = NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)
    board.put(job(1, "scheduled", not_before=late))
    board.put(job(2, "scheduled", not_before=early))
    assert (board.next_moment(), board.due(NOW), ids(board)) == (early, [], [])
    assert [each.id for each in board.due(early)] == ["job-2"]
    assert [each.id for each in board.due(early)] == ["job-2"], "it is due until it was put into the queue"
    board.put(job(2, not_before=early))
    assert (board.next_moment(), ids(board)) == (late, ["job-2"])
    board.put(job(1, "cancelled"))
    assert (board.next_moment(), board.due(late)) == (None, [])


def test_a_snapshot_is_made_anew_only_when_something_changed(job):
    board = Board()
    board.put(job(1))
    first = board.snapshot(MACHINE, NOW)
    assert board.snapshot(MACHINE, NOW + timedelta(seconds=0.5)) is first
    assert board.snapshot(MACHINE, NOW + timedelta(seconds=2)) is not first
    assert board.snapshot(MACHINE, NOW, "paused") is not board.snapshot(MACHINE, NOW)
    before = board.snapshot(MACHINE, NOW)
    board.put(job(2))
    assert [each.id for each in board.snapshot(MACHINE, NOW).waiting] == ["job-1", "job-2"]
    assert board.snapshot(MACHINE, NOW) is not before
