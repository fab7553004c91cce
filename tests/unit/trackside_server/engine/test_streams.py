"""Logs and metrics as they are streamed: every byte once, no character split, every place one to resume at."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from trackside.models import Reason
from trackside.models.stream import Done, LogChunk, MediaChunk, MetricsChunk, ProgressMessage, Subscribed, Truncated
from trackside.tracking.folder import RunFolder
from trackside_server.engine.streams import log_stream, media_stream, metrics_stream, tail_offset
from trackside_server.engine.tail import Tails
from trackside_server.isolation import holes


def test_no_file_has_no_lines(tmp_path):
    assert tail_offset(tmp_path / "absent", 5) == 0


class Ending:
    """How a run stands, as the test says."""

    def __init__(self, tails, folder):
        self.how = None
        self._poke = lambda: tails.poke(folder.path)

    async def __call__(self):
        return self.how

    def end(self, status="completed", reason=None):
        self.how = (status, reason)
        self._poke()


def test_a_part_of_a_log_that_was_given_back_is_told_in_one_line(place):
    with place.log.open("wb") as file:
        file.write(b"first\n" + bytes(70_000) + bytes(3 << 20) + b"la")
        file.write(b"st\n")
        file.flush()
        holes.punch_hole(file.fileno(), 0x1000, (3 << 20) + 0x10000)
        start, end = holes.given_back(file.fileno())

    async def play(found, ending):
        ending.end()

    chunks = [each for each in streamed(place, log_stream, play) if isinstance(each, LogChunk)]
    assert "".join(each.text for each in chunks).replace("\0", "") == (
        "first\n\n… 3.1 MB of output are not kept here: the log was longer than max_output …\nlast\n"
    )
    assert [each.offset for each in chunks[1:]] == [each.next for each in chunks[:-1]]
    assert (start, end) in [(each.offset, each.next) for each in chunks]


@pytest.fixture
def place(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create()
    return folder


def streamed(place, stream, play):
    """Collect the messages of a stream while ``play(collected, ending)`` writes; it ends with the run."""

    async def main():
        tails = Tails()
        ending = Ending(tails, place)
        found = []
        keep = found.append

        async def read():
            async for message in stream(place, tails, ending):
                keep(message)

        reading = asyncio.create_task(read())
        await play(found, ending)
        await asyncio.wait_for(reading, 10)
        assert tails._watched == {}, "nothing is watched any more"
        tails.close()
        return found

    return asyncio.run(main())


async def when(check, what):
    for _ in range(1000):
        if check():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"waited for {what}")


def texts(messages):
    return [message.text for message in messages if isinstance(message, LogChunk)]


def test_a_log_that_is_not_there_yet_is_waited_for(place):
    async def play(found, ending):
        await when(lambda: found, "the first message")
        place.log.write_bytes(b"one\n")
        await when(lambda: texts(found), "the first line")
        with place.log.open("ab") as file:
            file.write(b"two\n")
        await when(lambda: len(texts(found)) == 2, "the second line")
        ending.end("failed", Reason("exit_code", "ended with exit code 3"))

    messages = streamed(place, log_stream, play)
    assert messages[0] == Subscribed("", 0)
    assert [(each.offset, each.next, each.text) for each in messages[1:3]] == [(0, 4, "one\n"), (4, 8, "two\n")]
    assert messages[3:] == [Done("", 8, "failed", Reason("exit_code", "ended with exit code 3"))]


def test_half_a_character_waits_for_its_other_half_or_for_the_end(place):
    async def play(found, ending):
        place.log.write_bytes("a€".encode()[:-1])
        await when(lambda: texts(found), "the first letter")
        with place.log.open("ab") as file:
            file.write("€".encode()[-1:] + b"b\xf0\x9f")
        await when(lambda: len(texts(found)) == 2, "the sign")
        ending.end()

    messages = streamed(place, log_stream, play)
    assert texts(messages) == ["a", "€b", "\ufffd"]
    assert messages[-1].next == place.log.stat().st_size


def test_what_a_run_wrote_last_is_told_before_it_is_done(place):
    place.log.write_bytes(b"x" * 300_000)

    async def play(found, ending):
        ending.end()

    messages = streamed(place, log_stream, play)
    assert "".join(texts(messages)) == "x" * 300_000
    assert isinstance(messages[-1], Done)


def test_a_shorter_log_is_read_from_its_start(place):
    place.log.write_bytes(b"a long line\n")

    async def play(found, ending):
        await when(lambda: texts(found), "the first line")
        place.log.write_bytes(b"new\n")
        await when(lambda: len(texts(found)) == 2, "the new line")
        ending.end()

    messages = streamed(place, log_stream, play)
    assert [type(each) for each in messages] == [Subscribed, LogChunk, Truncated, LogChunk, Done]
    assert (messages[3].offset, messages[3].text) == (0, "new\n")


def test_a_position_beyond_the_end_is_told_to_begin_anew(place):
    place.log.write_bytes(b"short\n")

    async def play(found, ending):
        ending.end()

    messages = streamed(place, lambda *parts: log_stream(*parts, since=1000, sub="s"), play)
    assert messages[:2] == [Subscribed("s", 1000), Truncated("s")]
    assert texts(messages) == ["short\n"]


def records(messages):
    return [
        msgspec.json.decode(record) for each in messages if isinstance(each, MetricsChunk) for record in each.records
    ]


def test_metrics_come_in_whole_records_and_torn_lines_not_at_all(place):
    place.metrics.write_text('{"step": 0}\n{"step": 1, "v\n7\n"x"\n[1]\n{"v": NaN}\n{"step": 2')

    async def play(found, ending):
        await when(lambda: records(found), "the first records")
        with place.metrics.open("a") as file:
            file.write(', "v": 1}\n')
        await when(lambda: len(records(found)) == 3, "the last record")
        ending.end()

    messages = streamed(place, metrics_stream, play)
    assert records(messages) == [{"step": 0}, {"v": "NaN"}, {"step": 2, "v": 1}]
    assert messages[-1].next == place.metrics.stat().st_size


def test_metrics_resume_at_every_place_that_was_told(place):
    lines = [f'{{"step": {n}}}\n' for n in range(20_000)]
    place.metrics.write_text("".join(lines))

    async def play(found, ending):
        ending.end()

    whole = streamed(place, metrics_stream, play)
    chunks = [each for each in whole if isinstance(each, MetricsChunk)]
    assert len(chunks) > 2
    assert [record["step"] for record in records(whole)] == list(range(20_000))
    for chunk in chunks:
        rest = streamed(place, lambda *parts, since=chunk.next: metrics_stream(*parts, since=since), play)
        before = [each for each in chunks if each.next <= chunk.next]
        assert records(before) + records(rest) == records(whole)


def test_a_record_longer_than_a_chunk_is_told_whole(place):
    place.metrics.write_text('{"note": "' + "x" * 400_000 + '"}\n{"step": 1}\n')

    async def play(found, ending):
        ending.end()

    assert [len(record) for record in records(streamed(place, metrics_stream, play))] == [1, 1]


def test_progress_is_told_when_it_moves(place):
    place.progress.write_text('{"i": 1, "total": 10}\n{"i": 2, "total": 10, "rate": 3.5}\n')

    async def play(found, ending):
        await when(lambda: any(isinstance(each, ProgressMessage) for each in found), "the first progress")
        with place.progress.open("a") as file:
            file.write('{"torn": \n')
        await asyncio.sleep(0.1)
        with place.progress.open("a") as file:
            file.write('{"i": 3}\n')
        await when(lambda: sum(isinstance(each, ProgressMessage) for each in found) == 2, "the second progress")
        ending.end()

    told = [each for each in streamed(place, metrics_stream, play) if isinstance(each, ProgressMessage)]
    assert [(each.i, each.total, each.rate) for each in told] == [(2, 10, 3.5), (3, None, None)]


def test_progress_tells_what_is_counted_and_since_when(place):
    place.progress.write_text(
        '{"_timestamp": "2026-11-22T09:30:00Z", "i": 2, "total": 10, "label": "epoch", "part": 0.5}\n'
    )

    async def play(found, ending):
        ending.end()

    told = streamed(place, metrics_stream, play)[1]
    assert (told.label, told.part, told.at) == ("epoch", 0.5, datetime(2026, 11, 22, 9, 30, tzinfo=UTC))


def media(messages):
    return [record for each in messages if isinstance(each, MediaChunk) for record in each.records]


def test_media_come_in_whole_records_and_resume_at_every_place_that_was_told(place):
    lines = [f'{{"key": "a", "kind": "text", "path": "p/{n}", "step": {n}}}\n' for n in range(3)]
    place.media.write_text(lines[0] + '{"torn\n' + lines[1][:20])

    async def play(found, ending):
        await when(lambda: media(found), "the first record")
        with place.media.open("a") as file:
            file.write(lines[1][20:] + lines[2])
        await when(lambda: len(media(found)) == 3, "the last record")
        ending.end()

    whole = streamed(place, media_stream, play)
    assert [(record.step, record.path) for record in media(whole)] == [(0, "p/0"), (1, "p/1"), (2, "p/2")]
    first, second = [each for each in whole if isinstance(each, MediaChunk)]
    assert (first.offset, first.next, second.offset) == (0, len(lines[0]) + 7, first.next)
    assert second.next == whole[-1].next == place.media.stat().st_size

    async def end(found, ending):
        ending.end()

    rest = streamed(place, lambda *parts: media_stream(*parts, since=first.next), end)
    assert media(rest) == second.records


def test_a_reader_that_leaves_is_watched_for_no_more(place):
    async def main():
        tails = Tails()
        stream = log_stream(place, tails, Ending(tails, place))
        assert isinstance(await anext(stream), Subscribed)
        following = asyncio.create_task(anext(stream))
        await when(lambda: tails._watched, "the file to be watched")
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await stream.aclose()
        assert tails._watched == {}
        await when(lambda: tails._task is None, "the task to end")

    asyncio.run(main())
