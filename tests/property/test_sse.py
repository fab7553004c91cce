"""However the network cuts a stream of events, the same events come out."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from trackside.client.sse import SseParser

LINES = st.sampled_from(
    [b"data: x", b"data: \xc3\xa9", b"data", b"id: 4", b"id", b": note", b"event: log", b"", b"", b"retry: 10"]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(st.lists(st.tuples(LINES, ENDS), max_size=20), st.lists(st.integers(0, 200), max_size=12))
def test_chunk_borders_change_nothing(lines, cuts):
    text = b"".join(line + end for line, end in lines)
    whole = SseParser()
    expected = whole.feed(text)
    borders = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parser = SseParser()
    events = [event for begin, end in pairwise(borders) for event in parser.feed(text[begin:end])]
    assert events == expected
    assert (parser.last_id, parser.retry) == (whole.last_id, whole.retry)
