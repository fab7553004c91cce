from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackside.errors import InvalidInput
from trackside.models import LogMatches
from trackside.tracking.folder import RunFolder
from trackside_server.engine import log_search
from trackside_server.engine.log_search import search
from trackside_server.engine.masking import ShownLog
from trackside_server.isolation.holes import punch_hole


@pytest.fixture
def log(tmp_path: Path) -> ShownLog:
    return ShownLog(RunFolder(tmp_path))


def _all(log: ShownLog, text: str, limit: int = 3, *, ignore_case: bool = False) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    before: int | None = None
    while True:
        page = search(log, text, before=before, limit=limit, ignore_case=ignore_case)
        found += [(match.offset, match.line) for match in page.matches]
        if page.next is None:
            return found
        assert before is None or page.next < before
        before = page.next


def test_lines_come_from_the_end_with_the_place_where_they_begin(log: ShownLog) -> None:
    log.path.write_text("first Error\nnothing\nsecond Error, Error\r\nlast error")
    found = search(log, "Error")
    assert [(match.offset, match.at, match.line) for match in found.matches] == [
        (20, 34, "second Error, Error"),
        (0, 6, "first Error"),
    ]
    assert (found.next, found.size) == (None, log.path.stat().st_size)
    assert [line for _, line in _all(log, "ERROR", ignore_case=True)] == [
        "last error",
        "second Error, Error",
        "first Error",
    ]


@given(
    lines=st.lists(st.text(alphabet="abAB é\r", max_size=12), max_size=30),
    text=st.text(alphabet="abAé", min_size=1, max_size=3),
    block=st.integers(1, 40),
    limit=st.integers(1, 5),
    ends=st.booleans(),
)
def test_all_lines_are_found_wherever_the_blocks_begin(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], text: str, block: int, limit: int, ends: bool
) -> None:
    log = ShownLog(RunFolder(tmp_path_factory.mktemp("log")))
    content = "\n".join(lines) + ("\n" if ends else "")
    log.path.write_bytes(content.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_search, "_BLOCK", block)
        found = _all(log, text, limit)
    expected, offset = [], 0
    for line in content.split("\n"):
        if text in line:
            expected.append((offset, line.rstrip("\r")))
        offset += len(line.encode()) + 1
    assert found == expected[::-1]


def test_what_was_given_back_is_passed_over(log: ShownLog) -> None:
    with log.path.open("wb") as file:
        file.write(b"needle early\n")
        file.seek(64 << 20)
        file.write(b"\nneedle late\n")
        file.flush()
        if not punch_hole(file.fileno(), 4096, (64 << 20) - 8192):
            pytest.fail("this file system makes no holes")
    assert [line for _, line in _all(log, "needle")] == ["needle late", "needle early"]


def test_a_line_without_an_end_is_shown_in_part(log: ShownLog) -> None:
    log.path.write_bytes(b"x" * 5_000_000 + b"needle" + b"y" * 5_000_000)
    (match,) = search(log, "needle").matches
    assert match.at == 5_000_000
    assert re.fullmatch(r"x+needley+", match.line)
    assert len(match.line) <= 2000


def test_a_search_that_takes_long_says_where_it_stopped(log: ShownLog, monkeypatch: pytest.MonkeyPatch) -> None:
    log.path.write_bytes(b"needle\n" + b"hay\n" * 1_000_000)
    monkeypatch.setattr(log_search, "_PATIENCE", -1.0)
    first = search(log, "needle")
    assert first.matches == []
    assert first.next is not None
    assert [line for _, line in _all(log, "needle")] == ["needle"]


def test_there_may_be_no_log_and_nothing_in_it(log: ShownLog) -> None:
    assert search(log, "x") == LogMatches([], None, 0)
    log.path.write_bytes(b"")
    assert search(log, "x", before=100) == LogMatches([], None, 0)


@pytest.mark.parametrize("text", ["", "a\nb", "x" * 1001])
def test_what_no_line_holds_is_refused(log: ShownLog, text: str) -> None:
    with pytest.raises(InvalidInput, match="within one line"):
        search(log, text)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_range_is_refused(log: ShownLog, limit: int) -> None:
    with pytest.raises(InvalidInput, match="out of range"):
        search(log, "x", limit=limit)
