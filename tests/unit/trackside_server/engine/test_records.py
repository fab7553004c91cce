"""Pieces of growing files."""

import pytest

from trackside.errors import InvalidInput
from trackside_server.engine.records import MOST, as_record, check_position, read_bytes, size_of


@pytest.mark.parametrize(
    ("line", "record"),
    [
        (b'{"a": 1}', b'{"a": 1}'), (b' {"a": 1}\r', b'{"a": 1}'), (b'{"a": NaN, "b": -Infinity}', b'{"a":"NaN","b":"-Infinity"}'),
        (b"", None), (b"   ", None), (b"17", None), (b'"text"', None), (b"[1]", None), (b'{"a": 1', None), (b'{"a": 1}}', None),
        (b'{"a": 1}{"b": 2}', None), (b'{"a": "\xff"}', None), (b"{" * 100_000, None), (b'{"a":' * 5000 + b"1" + b"}" * 5000, None),
    ],
)  # fmt: skip
def test_a_line_is_a_record_or_torn(line, record):
    found = as_record(line)
    assert (None if found is None else bytes(found)) == record


def test_no_file_is_an_empty_one(tmp_path):
    assert read_bytes(tmp_path / "absent", 0, 10) == read_bytes(tmp_path / "a" / "b", 5, 10) == b""
    assert size_of(tmp_path / "absent") == 0


def test_bytes_are_read_from_any_place(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    assert read_bytes(path, 3, 4) == b"3456"
    assert read_bytes(path, 8, 100) == b"89"
    assert read_bytes(path, 50, 100) == b""
    assert size_of(path) == 10


@pytest.mark.parametrize("position", [None, 0, 5, MOST - 1])
def test_a_position_is_a_whole_number_from_0(position):
    check_position("since", position)


@pytest.mark.parametrize("position", [-1, MOST, 2**70])
def test_what_is_no_position_is_refused(position):
    with pytest.raises(InvalidInput, match="since"):
        check_position("since", position)
