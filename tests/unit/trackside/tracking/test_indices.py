from pathlib import Path

import pytest

from trackside.tracking.folder import RunFolder
from trackside.tracking.indices import BLOCK, IndexBlocks


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "job-1")
    made.create()
    return made


def _blocks(folder: RunFolder) -> IndexBlocks:
    return IndexBlocks(folder, folder.metrics)


def _write(folder: RunFolder, *indices: int, end: bytes = b"") -> None:
    with folder.metrics.open("ab") as file:
        file.write(b"".join(b'{"_idx": %d, "loss": 1}\n' % index for index in indices) + end)


def test_one_writer_gets_one_block_after_the_other(folder: RunFolder) -> None:
    blocks = _blocks(folder)
    assert [blocks.take().start for _ in range(3)] == [0, BLOCK, 2 * BLOCK]


def test_two_writers_never_get_the_same_block(folder: RunFolder) -> None:
    one, two = _blocks(folder), _blocks(folder)
    assert [one.take().start, two.take().start, one.take().start] == [0, BLOCK, 2 * BLOCK]


def test_what_is_given_back_is_the_next_to_be_taken(folder: RunFolder) -> None:
    one = _blocks(folder)
    block = one.take()
    _write(folder, *range(10))
    one.give_back(block[10:])
    assert _blocks(folder).take().start == 10


def test_nothing_is_given_back_over_what_another_writer_holds(folder: RunFolder) -> None:
    one, two = _blocks(folder), _blocks(folder)
    block, other = one.take(), two.take()
    one.give_back(block[10:])
    assert two.take().start == other.stop


def test_a_lone_writer_goes_on_where_one_that_was_killed_stopped(folder: RunFolder) -> None:
    killed = _blocks(folder)
    killed.take()
    _write(folder, *range(7), end=b'{"_idx": 7, "lo')
    killed.leave()  # what the system does when a process dies
    assert _blocks(folder).take().start == 8


def test_after_two_writers_at_a_time_the_counter_decides(folder: RunFolder) -> None:
    one, two = _blocks(folder), _blocks(folder)
    one.take()
    two.take()
    _write(folder, BLOCK, 0)
    one.leave()
    two.leave()
    assert _blocks(folder).take().start == 2 * BLOCK


def test_a_file_that_came_without_its_counter_is_searched(folder: RunFolder) -> None:
    _write(folder, 5000, 3, 4)
    assert _blocks(folder).take().start == 5001


def test_a_damaged_counter_is_no_obstacle(folder: RunFolder) -> None:
    _write(folder, 0, 1, 2)
    (folder.path / ".metrics.lock").write_text("rubbish")
    assert _blocks(folder).take().start == 3


def test_a_counter_that_vanishes_under_two_writers_gives_no_index_twice(folder: RunFolder) -> None:
    one, two = _blocks(folder), _blocks(folder)
    first, second = one.take(), two.take()
    _write(folder, first.start, second.start)
    (folder.path / ".metrics.lock").unlink()
    assert one.take().start >= second.stop


def test_each_host_has_a_range_of_its_own(folder: RunFolder) -> None:
    second = IndexBlocks(folder, folder.rank_metrics(1), first=1 << 40)
    assert second.take().start == 1 << 40
    assert _blocks(folder).take().start == 0
