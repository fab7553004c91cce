import itertools
import time

import httpx
import msgspec
import pytest
from tests.talking import AT, Recorder, Torn, job, sse

from trackside.client._sync import stream as module
from trackside.client._sync.connection import Connection
from trackside.client._sync.stream import Stream
from trackside.client.address import Address
from trackside.errors import InvalidInput, NotAllowed, NotFound, ServerUnreachable
from trackside.models import JobChanged
from trackside.models.stream import Done, EventMessage, LogChunk, StreamError, Subscribed

LOST = httpx.ReadError("x")
REFUSED = httpx.ConnectError("x")
REFUSED.__cause__ = ConnectionRefusedError(111, "Connection refused")
SILENT = httpx.ReadTimeout("x")


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """The pauses between connections, not waited for."""
    taken = []
    monkeypatch.setattr(module, "sleep", taken.append)
    return taken


def chunk(begin, text):
    return LogChunk("", begin, begin + len(text), text)


def body(*parts):
    return lambda request: httpx.Response(200, headers={"Content-Type": "text/event-stream"}, stream=Torn(parts))


def stream(*bodies, find=lambda check, start: Address("http://127.0.0.1:1/", "t"), params=None, **options):
    wire = Recorder(*bodies)
    connection = Connection(find, transport=wire)
    return Stream(connection, "jobs/41/log", params or {"follow": 1}, resume="offset", **options), wire


DONE = Done("", 6, "completed")


def test_messages_come_until_done():
    following, wire = stream(body(sse(Subscribed("", 0), chunk(0, "abc"), DONE)))
    assert list(following.messages()) == [Subscribed("", 0), chunk(0, "abc"), DONE]
    assert len(wire.requests) == 1


@pytest.mark.parametrize("drop", [LOST, SILENT, None], ids=["lost", "silent", "ended early"])
def test_a_dropped_connection_goes_on_from_the_last_position(drop):
    first = [sse(Subscribed("", 0), chunk(0, "abc"))] + ([drop] if drop else [])
    following, wire = stream(body(*first), body(sse(Subscribed("", 3), chunk(3, "def"), DONE)))
    texts = [message.text for message in following.messages() if isinstance(message, LogChunk)]
    assert texts == ["abc", "def"]
    assert wire.last.headers["Last-Event-ID"] == "3"
    assert wire.last.url.params["offset"] == "3"


def test_a_message_torn_by_the_drop_is_told_once():
    whole = sse(chunk(0, "abc"), chunk(3, "def"))
    following, wire = stream(body(whole[:-9], LOST), body(sse(chunk(3, "def"), DONE)))
    assert [message.text for message in following.messages() if isinstance(message, LogChunk)] == ["abc", "def"]
    assert wire.last.headers["Last-Event-ID"] == "3"


def test_the_tail_asked_for_at_first_is_not_asked_for_again():
    following, wire = stream(body(sse(Subscribed("", 90)), LOST), body(sse(DONE)), params={"follow": 1, "tail": 5})
    list(following.messages())
    assert wire.requests[0].url.params.get("tail") == "5"
    assert "tail" not in wire.last.url.params


def test_before_any_position_is_known_the_first_question_is_asked_again():
    following, wire = stream(body(LOST), body(sse(DONE)), params={"follow": 1, "tail": 5})
    list(following.messages())
    assert wire.last.url.params["tail"] == "5"
    assert "Last-Event-ID" not in wire.last.headers


@pytest.mark.parametrize("answer", [REFUSED, httpx.Response(404), httpx.Response(403), httpx.Response(502)])
def test_a_stream_that_cannot_begin_says_so_at_once(answer):
    following, wire = stream(answer)
    with pytest.raises((ServerUnreachable, NotAllowed)):
        next(following.messages())
    assert len(wire.requests) == 1


def test_a_server_that_comes_back_is_waited_for(pauses):
    gone = [REFUSED, httpx.Response(502), REFUSED]
    following, _ = stream(body(sse(chunk(0, "abc")), LOST), *gone, body(sse(chunk(3, "def"), DONE)))
    assert len(list(following.messages())) == 3
    assert len(pauses) == 4
    assert pauses == sorted(pauses)


def test_what_will_not_pass_is_raised_while_coming_back():
    gone = {"error": {"code": "run_not_found", "message": "There is no run.", "hint": ""}}
    following, _ = stream(body(sse(chunk(0, "abc")), LOST), httpx.Response(404, json=gone))
    with pytest.raises(NotFound):
        list(following.messages())


def test_patience_ends(monkeypatch):
    clock = itertools.count(step=10.0)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    following, wire = stream(body(sse(chunk(0, "abc")), LOST), REFUSED, patience=60)
    with pytest.raises(ServerUnreachable, match="Nothing listens"):
        list(following.messages())
    assert 2 < len(wire.requests) < 10


def test_the_server_is_found_anew_and_not_started_in_the_first_seconds():
    asked = []

    def find(check, start):
        asked.append((check, start))
        port = 1 if len(asked) < 3 else 2
        return Address(f"http://127.0.0.1:{port}/", "t", "file")

    bodies = [body(sse(chunk(0, "abc")), LOST), REFUSED, REFUSED, body(sse(chunk(3, "def"), DONE))]
    following, wire = stream(*bodies, find=find)
    assert len(list(following.messages())) == 3
    assert wire.last.url.port == 2
    assert asked == [(False, True), (True, False), (True, False)]


def test_an_error_message_in_the_stream_is_raised_as_what_it_is():
    following, _ = stream(body(sse(StreamError("", "invalid_input", "since: -1 is not a position."))))
    with pytest.raises(InvalidInput, match="not a position"):
        list(following.messages())


def test_being_cut_off_for_slowness_is_no_end():
    slow = sse(chunk(0, "abc"), StreamError("", "try_again", "This listener fell too far behind."))
    following, _ = stream(body(slow), body(sse(chunk(3, "def"), DONE)))
    assert len(list(following.messages())) == 3


def test_messages_of_a_later_version_are_passed_over():
    following, _ = stream(body(b'event: news\ndata: {"type": "news"}\n\nevent: x\ndata: ?\n\n', sse(DONE)))
    assert list(following.messages()) == [DONE]


def test_a_bare_event_is_an_event_message():
    event = JobChanged(7, AT, job(41, "completed"))
    bare = b"id: 7\nevent: event\ndata: " + msgspec.json.encode(event) + b"\n\n"
    following, _ = stream(body(bare, sse(EventMessage("", 7, event)), sse(DONE)))
    assert list(following.messages())[:2] == [EventMessage("", 7, event)] * 2


def test_time_that_is_over_ends_the_stream_without_an_error():
    following, _ = stream(body(sse(chunk(0, "abc")), SILENT), until=time.monotonic() + 0.05)
    seen = list(itertools.takewhile(lambda _: time.monotonic() < 1e9, following.messages()))
    assert seen[0] == chunk(0, "abc")
    nothing, wire = stream(body(sse(DONE)), until=time.monotonic() - 1)
    assert list(nothing.messages()) == []
    assert wire.requests == []


def test_with_little_time_left_silence_is_borne_no_longer_than_that():
    following, wire = stream(body(sse(DONE)), until=time.monotonic() + 7)
    list(following.messages())
    assert wire.last.extensions["timeout"]["read"] <= 7


def test_leaving_the_loop_closes_the_connection():
    closed = []

    class Watched(Torn):
        def close(self):
            closed.append(True)

    following, _ = stream(lambda request: httpx.Response(200, stream=Watched([sse(chunk(0, "abc")), sse(DONE)])))
    messages = following.messages()
    next(messages)
    assert not closed
    messages.close()
    assert closed
