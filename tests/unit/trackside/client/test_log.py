from itertools import pairwise

import httpx
import pytest
from tests.talking import Recorder, Torn, sse

from trackside.client import Client
from trackside.client._sync import log
from trackside.models.stream import Done, LogChunk, Subscribed, Truncated

CONTENT = b"one\ntwo \xc3\xa9\n" + b"\xff" * 7 + b"\nlast\n"


class LogServer:
    """Answers log requests from one content, as a server does."""

    def __init__(self, content=CONTENT, events=()):
        self.content = content
        self.events = list(events)
        self.wire = Recorder(self.answer)
        self.client = Client("http://127.0.0.1:1/", "t", transport=self.wire)

    def answer(self, request):
        params = request.url.params
        if params.get("follow"):
            return httpx.Response(200, stream=Torn(self.events.pop(0)))
        begin = int(params.get("offset", 0))
        if "tail" in params:
            begin = len(self.content) - len(b"".join(self.content.splitlines(keepends=True)[-int(params["tail"]) :]))
        part = self.content[begin : begin + int(params["limit"])]
        return httpx.Response(200, content=part, headers={"X-Trackside-Next": str(begin + len(part))})


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(log, "_PART", 8)


def test_the_output_is_read_in_parts_and_put_together():
    assert LogServer().client.jobs.logs(1, binary=True) == CONTENT


def test_text_is_decoded_as_one_so_that_no_part_splits_a_character():
    assert LogServer().client.jobs.logs(1) == CONTENT.decode("utf-8", "replace")


def test_the_tail_goes_on_to_the_end_whatever_its_size():
    server = LogServer()
    assert server.client.jobs.logs(1, tail=2, binary=True) == b"\xff" * 7 + b"\nlast\n"
    assert [request.url.params.get("tail") for request in server.wire.requests] == ["2", None]


def test_an_offset_goes_before_a_tail():
    server = LogServer()
    assert server.client.jobs.logs(1, offset=4, tail=1, binary=True) == CONTENT[4:]


def test_an_empty_log_is_empty():
    assert LogServer(b"").client.jobs.logs(1) == ""


def chunks(*borders):
    return [
        sse(LogChunk("", begin, end, CONTENT[begin:end].decode("utf-8", "replace"))) for begin, end in pairwise(borders)
    ]


def test_following_gives_text_piece_by_piece():
    server = LogServer(events=[[sse(Subscribed("", 0)), *chunks(0, 4, 11), sse(Done("", 11, "completed"))]])
    assert list(server.client.jobs.logs(1, follow=True)) == ["one\n", "two é\n"]
    assert dict(server.wire.last.url.params) == {"follow": "1"}


def test_following_in_bytes_gives_what_the_job_wrote_not_what_a_text_can_hold():
    end = len(CONTENT)
    server = LogServer(events=[[*chunks(0, 11, end), sse(Done("", end, "completed"))]])
    assert b"".join(server.client.jobs.logs(1, follow=True, binary=True)) == CONTENT


def test_a_log_that_became_shorter_goes_on_from_its_start():
    after = [sse(Truncated("", 0)), sse(LogChunk("", 0, 4, "one\n")), sse(Done("", 4, "completed"))]
    server = LogServer(content=b"one\n", events=[[*chunks(0, 11), *after]])
    assert b"".join(server.client.jobs.logs(1, follow=True, binary=True)) == b"one\none\n"
    server.events = [[*chunks(0, 11), *after]]
    assert list(server.client.jobs.logs(1, follow=True)) == ["one\ntwo é\n", "one\n"]
