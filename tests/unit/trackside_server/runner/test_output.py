"""Which part of a too long output is given back to the disk."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from trackside_server.runner.output import hole_in, trim


@given(st.integers(1, 2**40), st.integers(4096 * 8, 2**36))
def test_head_and_tail_are_kept_and_together_stay_below_the_bound(size: int, bound: int) -> None:
    hole = hole_in(size, bound)
    if hole is None:
        assert size <= bound // 4 + bound // 2 + 2 * 4096
    else:
        start, end = hole
        assert bound // 4 <= start < end <= size - bound // 2
        assert start % 4096 == end % 4096 == 0
        assert start + (size - end) <= bound * 3 // 4 + 2 * 4096


def test_a_short_output_is_left_as_it_is(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_bytes(b"x" * 100_000)
    assert trim(log, 2**20)
    assert log.read_bytes() == b"x" * 100_000


def test_an_output_that_grows_again_is_trimmed_again(tmp_path: Path) -> None:
    log, bound = tmp_path / "output.log", 2**20
    with log.open("ab", buffering=0) as file:
        for number in range(40):
            file.write(bytes([number]) * 100_000)
            os.fsync(file.fileno())
            assert trim(log, bound)
            assert log.stat().st_blocks * 512 <= bound
    data = log.read_bytes()
    assert len(data) == 4_000_000
    assert data[: bound // 4] == b"".join(bytes([number]) * 100_000 for number in range(3))[: bound // 4]
    assert data[-300_000:] == b"".join(bytes([number]) * 100_000 for number in (37, 38, 39))


def test_a_missing_output_is_no_error(tmp_path: Path) -> None:
    assert trim(tmp_path / "gone", 100)
