"""The board of unfinished jobs stays true, whatever is put and dropped in whatever order."""

import msgspec

from trackside.models import Reason
from trackside_server.domain.plan import Machine
from trackside_server.engine.board import Board

MACHINE = Machine(4.0)


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


def test_a_dry_run_stands_in_the_queue_of_a_copy(job):
    board = Board()
    board.put(job(2))
    planned = msgspec.structs.replace(job(1), seq=2**60, priority=1)
    assert [each.seq for each in board.snapshot_with(planned, MACHINE).waiting] == [2**60, 2]
    assert ids(board) == ["job-2"]


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
