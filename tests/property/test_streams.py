"""Text and lines of growing files: however they are cut, nothing is lost, doubled or split."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackside_server.engine.streams import _decode, tail_offset

pieces = st.sampled_from(
    (b"a", b"\n", "é".encode(), "€".encode(), "😀".encode(), b"\xff", b"\x80", b"\xe2", b"\xf0\x9f", b"\xc0", b"\xf5\x80", b"\xed\xa0\x80")
)  # fmt: skip


@given(st.lists(pieces, max_size=30).map(b"".join), st.lists(st.integers(1, 5), max_size=60))
@settings(max_examples=400)
def test_text_read_in_any_pieces_is_the_text_read_whole(data: bytes, sizes: list[int]) -> None:
    text, position, end = "", 0, 0
    for size in [*sizes, len(data)]:
        end = min(len(data), end + size)
        part, used = _decode(data[position:end], final=False)
        text += part
        position += used
    part, used = _decode(data[position:], final=True)
    assert text + part == data.decode("utf-8", "replace")
    assert position + used == len(data)


@given(st.text(min_size=1).filter(lambda text: text.isprintable()), st.data())
def test_a_whole_character_is_told_as_soon_as_it_is_there(text: str, data: st.DataObject) -> None:
    written = text.encode()
    cut = data.draw(st.integers(0, len(written)))
    part, used = _decode(written[:cut], final=False)
    assert "\ufffd" not in part.replace("\ufffd" if "\ufffd" in text else "", "")
    assert cut - used < 4


@given(
    st.lists(st.sampled_from((b"a", b"bb", b"\n", b"\n\n", b"x" * 70_000)), max_size=8).map(b"".join),
    st.integers(0, 12),
)
def test_the_last_lines_begin_where_they_begin(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, lines: int
) -> None:
    path = tmp_path_factory.mktemp("tail") / "output.log"
    path.write_bytes(data)
    whole = data.splitlines(keepends=True)
    expected = b"".join(whole[len(whole) - min(lines, len(whole)) :])
    assert data[tail_offset(path, lines) :] == expected
