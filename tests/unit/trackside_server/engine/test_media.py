"""Pages of media: newest first, each record once, whatever else stands in the file."""

import json

import pytest

from trackside.models import MediaKey
from trackside_server.engine.media import read_page


def line(key, step, kind="text", **facts):
    return json.dumps({"_timestamp": "t", "step": step, "key": key, "kind": kind, "path": f"media/{step}", **facts})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "media.jsonl"


def write(path, *lines, end="\n"):
    path.write_text("\n".join(lines) + end)


def steps(page):
    return [record.step for record in page.media]


def test_a_run_without_media_has_an_empty_page(path):
    page = read_page(path, key=None, kind=None, limit=10)
    assert (page.media, page.next, page.keys, page.position) == ([], None, [], 0)


def test_pages_are_newest_first_and_hold_each_record_once(path):
    write(path, *(line("a", step) for step in range(7)))
    found, before = [], None
    for _ in range(4):
        page = read_page(path, key=None, kind=None, limit=2, before=before)
        assert page.keys == [MediaKey("a", "text", 7)]
        found.append(steps(page))
        before = page.next and int(page.next)
    assert found == [[6, 5], [4, 3], [2, 1], [0]]
    assert before is None


def test_records_that_come_meanwhile_do_not_move_the_pages(path):
    write(path, *(line("a", step) for step in range(3)))
    page = read_page(path, key=None, kind=None, limit=1)
    with path.open("a") as file:
        file.write(line("a", 3) + "\n")
    assert steps(read_page(path, key=None, kind=None, limit=1, before=int(page.next))) == [1]


def test_a_key_and_a_kind_narrow_the_page_and_its_keys(path):
    write(path, line("a", 0), line("b", 1), line("a", 2, "image", width=3), line("a", 3))
    assert steps(read_page(path, key="a", kind=None, limit=9)) == [3, 2, 0]
    page = read_page(path, key="a", kind="image", limit=9)
    assert (steps(page), page.keys, page.media[0].width) == ([2], [MediaKey("a", "image", 1)], 3)
    assert [(each.key, each.count) for each in read_page(path, key=None, kind=None, limit=1).keys] == [
        ("a", 2), ("b", 1), ("a", 1),
    ]  # fmt: skip


def test_torn_lines_unknown_kinds_and_the_half_line_at_the_end_are_passed_over(path):
    write(path, line("a", 0), '{"key": "a", "ki', line("a", 1, "hologram"), "7", line("a", 2), '{"half', end="")
    page = read_page(path, key=None, kind=None, limit=9)
    assert steps(page) == [2, 0]
    assert page.position == path.read_bytes().rindex(b'{"half')
