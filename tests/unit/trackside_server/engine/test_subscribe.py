"""From a request to its messages: positions are checked at once, and what is no longer kept is told."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from trackside.errors import InvalidInput
from trackside.models import RunChanged
from trackside.models.stream import Done, EventMessage, LogChunk, MetricsChunk, Subscribe, Subscribed
from trackside_server.engine.hub import Hub
from trackside_server.engine.subscribe import _merged, subscribe

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Home:
    """As much of the core as subscriptions to events need: events ``first`` to ``last`` are kept."""

    def __init__(self, first, last):
        self.kept = [RunChanged(number, NOW, "r") for number in range(first, last + 1)]
        self.hub = Hub(self._read)
        self.hub.last = last
        self.store = SimpleNamespace(last_event_id=lambda: self.kept[-1].id if self.kept else 0)

    async def _read(self, since):
        return [event for event in self.kept if event.id > since]

    async def query(self, ask):
        return ask(SimpleNamespace(first_event_id=lambda: self.kept[0].id if self.kept else 0))

    def described(self, event):
        return event


def heard(home, count, **request):
    async def main():
        messages = await subscribe(home, Subscribe("s", "events", **request))
        found = [await asyncio.wait_for(anext(messages), 5) for _ in range(count)]
        await messages.aclose()
        assert not home.hub.has_listeners
        return found

    return asyncio.run(main())


def test_events_are_told_from_a_position_on():
    found = heard(Home(1, 9), 4, since=6)
    assert found[0] == Subscribed("s", 6)
    assert [message.next for message in found[1:]] == [7, 8, 9]


def test_a_position_older_than_what_is_kept_begins_at_the_oldest_and_says_so():
    found = heard(Home(5, 9), 3, since=2)
    assert found[0] == Subscribed("s", 4)
    assert [message.next for message in found[1:]] == [5, 6]


def test_a_position_ahead_of_the_store_begins_now_and_says_so():
    assert heard(Home(5, 9), 1, since=100) == [Subscribed("s", 9)]


def test_a_position_that_another_server_told_is_kept_while_this_one_lags():
    home = Home(1, 9)
    home.hub.last = 6
    assert heard(home, 1, since=8) == [Subscribed("s", 8)]


def test_without_a_position_only_the_new_is_told():
    assert heard(Home(1, 9), 1) == [Subscribed("s", 9)]


def test_a_store_without_events_is_no_trouble():
    assert heard(Home(1, 0), 1, since=0) == [Subscribed("s", 0)]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Subscribe("s", "events", since=-1), "since"), (Subscribe("s", "events", since=2**70), "since"), (Subscribe("s", "log", run="r", tail=-1), "tail"),
        (Subscribe("s", "log"), "names its run"), (Subscribe("s", "metrics"), "names its run"), (Subscribe("s", "system", interval=float("nan")), "interval"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_answered_is_refused_at_once(request_, words):
    with pytest.raises(InvalidInput, match=words):
        asyncio.run(subscribe(Home(1, 0), request_))


async def _source(*messages, then=None):
    for message in messages:
        await asyncio.sleep(0)
        yield message
    if then is not None:
        raise then


async def _never():
    await asyncio.Event().wait()
    yield


def merged(*sources, aside):
    async def main():
        return [message async for message in _merged(*sources, aside=aside)]

    return asyncio.run(asyncio.wait_for(main(), 5))


LOG = LogChunk("log", 0, 1, "x")
METRICS = MetricsChunk("metrics", 0, 1, [])
STATUS = EventMessage("status", 3, RunChanged(3, NOW, "r"))
ENDS = Done("log", 1, "completed"), Done("metrics", 1, "completed")


def test_merged_streams_end_once_with_the_last_of_them():
    found = merged(_source(LOG, ENDS[0]), _source(METRICS, METRICS, METRICS, ENDS[1]), aside=_never())
    assert found.count(LOG) == 1
    assert found.count(METRICS) == 3
    assert [message for message in found if isinstance(message, Done)] == [ENDS[1]]
    assert found[-1] == ENDS[1]


def test_what_runs_aside_is_told_too_and_does_not_keep_the_stream_open():
    found = merged(_source(LOG, LOG, LOG, ENDS[0]), aside=_source(STATUS))
    assert STATUS in found


def test_an_error_of_one_source_ends_all():
    with pytest.raises(InvalidInput, match="broken"):
        merged(_source(LOG, then=InvalidInput("broken")), _never(), aside=_never())
