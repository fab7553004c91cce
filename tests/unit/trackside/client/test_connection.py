import asyncio
import os
import threading

import httpx
import msgspec
import pytest
from tests.talking import Recorder, job

from trackside.client import Client
from trackside.client._async.connection import AsyncConnection
from trackside.client._sync.connection import Connection
from trackside.client.address import Address
from trackside.errors import Conflict, InternalError, NotAllowed, ServerUnreachable
from trackside.models import Health, Job

GIVEN = Address("http://127.0.0.1:1/", token="t")
OLD = Address("http://127.0.0.1:1/", token="old", source="file")
NEW = Address("http://127.0.0.1:2/ann/", token="new", source="file")
JOB = httpx.Response(200, json=msgspec.to_builtins(job()))
REFUSED = httpx.ConnectError("x")
REFUSED.__cause__ = ConnectionRefusedError(111, "Connection refused")
LOST = httpx.RemoteProtocolError("x")


class Finder:
    """Finds one address after the other; keeps how it was asked."""

    def __init__(self, *addresses):
        self.addresses = list(addresses)
        self.asked = []

    def __call__(self, check, start):
        self.asked.append((check, start))
        found = self.addresses.pop(0) if len(self.addresses) > 1 else self.addresses[0]
        if isinstance(found, Exception):
            raise found
        return found


def connected(wire, *addresses):
    return Connection(Finder(*(addresses or (GIVEN,))), transport=wire)


def test_a_request_carries_the_token_and_goes_below_the_api():
    wire = Recorder(JOB)
    assert connected(wire, NEW).get("jobs/41", Job, {"a": None, "b": 2}) == job()
    assert str(wire.last.url) == "http://127.0.0.1:2/ann/trackside/api/v1/jobs/41?b=2"
    assert wire.last.headers["Authorization"] == "Bearer new"


def test_without_a_token_none_is_sent():
    wire = Recorder(JOB)
    connected(wire, Address("http://127.0.0.1:1/")).get("jobs/41", Job)
    assert "Authorization" not in wire.last.headers


def test_the_server_is_looked_for_at_the_first_request_and_once():
    find = Finder(GIVEN)
    connection = Connection(find, transport=Recorder(JOB))
    assert find.asked == []
    connection.get("jobs/41", Job)
    connection.get("jobs/41", Job)
    assert find.asked == [(False, True)]


def test_a_cookie_is_never_sent_back():
    wire = Recorder(httpx.Response(200, json={}, headers={"Set-Cookie": "username=ann; Path=/"}), JOB)
    connection = connected(wire)
    connection.answer("GET", "health")
    connection.get("jobs/41", Job)
    assert "Cookie" not in wire.last.headers


def test_a_lost_connection_is_tried_again_where_that_does_no_harm():
    wire = Recorder(LOST, JOB)
    assert connected(wire).get("jobs/41", Job) == job()
    wire = Recorder(LOST, JOB)
    with pytest.raises(ServerUnreachable):
        connected(wire).answer("POST", "jobs/41/cancel")
    assert len(wire.requests) == 1


def test_a_connection_that_is_always_lost_is_tried_three_times():
    wire = Recorder(LOST)
    with pytest.raises(ServerUnreachable, match="was lost"):
        connected(wire).get("jobs/41", Job)
    assert len(wire.requests) == 3


def test_a_found_server_that_is_gone_is_found_anew_and_gets_the_request_whatever_it_is():
    wire = Recorder(REFUSED, JOB)
    find = Finder(OLD, NEW)
    answer = Connection(find, transport=wire).answer("POST", "jobs/41/cancel")
    assert answer.is_success
    assert wire.last.url.port == 2
    assert wire.last.headers["Authorization"] == "Bearer new"
    assert find.asked == [(False, True), (True, True)]


def test_a_server_that_has_restarted_with_another_secret_is_found_anew():
    wire = Recorder(httpx.Response(403, json={"message": "Forbidden"}), JOB)
    assert connected(wire, OLD, NEW).get("jobs/41", Job) == job()


def test_a_found_server_that_really_refuses_us_is_asked_once():
    wire = Recorder(httpx.Response(403))
    with pytest.raises(NotAllowed):
        connected(wire, OLD).get("jobs/41", Job)
    assert len(wire.requests) == 1


def test_a_server_that_was_named_is_not_exchanged_for_another():
    find = Finder(GIVEN)
    with pytest.raises(ServerUnreachable, match="Nothing listens"):
        Connection(find, transport=Recorder(REFUSED)).get("jobs/41", Job)
    assert find.asked == [(False, True)]


def test_when_nothing_is_found_anew_the_search_says_why():
    gone = ServerUnreachable("No server can start here.", code="no_server")
    with pytest.raises(ServerUnreachable, match="No server can start here"):
        connected(Recorder(REFUSED), OLD, gone).get("jobs/41", Job)


def test_looking_without_starting_is_passed_on():
    find = Finder(OLD, ServerUnreachable("none", code="no_server"))
    with pytest.raises(ServerUnreachable):
        Connection(find, transport=Recorder(REFUSED)).get("health", Health, start=False)
    assert find.asked == [(False, False), (True, False)]


def test_a_closed_connection_says_so():
    connection = connected(Recorder(JOB))
    connection.get("jobs/41", Job)
    connection.close()
    with pytest.raises(Conflict, match="closed"):
        connection.get("jobs/41", Job)


def test_a_request_on_a_line_that_another_thread_has_just_left_goes_over_the_new_one():
    """The first answer moves the connection, as another thread would, while the request of this one is under way."""
    find = Finder(OLD, NEW)
    connection = Connection(find, transport=Recorder(JOB))
    connection.address()
    line = connection._line
    mover = threading.Thread(target=lambda: connection._move(line, start=True))
    mover.start()
    mover.join()
    assert line.http.is_closed
    connection._sent_once(connection._line, connection_call(), whole=True)
    with pytest.raises(ServerUnreachable):
        connection._sent_once(line, connection_call(), whole=True)
    assert connection._may_go_on(line, ServerUnreachable("", code="connection_refused"), repeat=False, start=True)


def connection_call():
    from trackside.client._sync.connection import _Call

    return _Call("GET", "jobs/41")


def test_a_forked_child_makes_a_connection_of_its_own():
    connection = connected(Recorder(JOB))
    connection.address()
    ours = connection._line.http
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        connection.get("jobs/41", Job)
        os.write(sender, b"other" if connection._line.http is not ours else b"same")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(receiver, 10) == b"other"
    assert connection._line.http is ours


def test_an_answer_of_another_version_names_itself():
    with pytest.raises(InternalError, match="same version"):
        connected(Recorder(httpx.Response(200, json={"id": 1}))).get("jobs/41", Job)


def test_a_client_on_another_event_loop_makes_a_connection_of_its_own():
    connection = AsyncConnection(Finder(GIVEN), transport=Recorder(JOB))

    async def ask():
        assert await connection.get("jobs/41", Job) == job()
        return connection._line.http

    assert asyncio.run(ask()) is not asyncio.run(ask())


def test_awaiting_code_gets_the_same_errors():
    async def ask(wire):
        await AsyncConnection(Finder(GIVEN), transport=wire).get("jobs/41", Job)

    for wrong, code in [
        (LOST, "connection_lost"),
        (REFUSED, "connection_refused"),
        (httpx.ReadTimeout("x"), "timed_out"),
    ]:
        with pytest.raises(ServerUnreachable) as told:
            asyncio.run(ask(Recorder(wrong)))
        assert told.value.code == code


def test_health_is_false_when_nobody_answers_and_when_the_server_is_not_well():
    well = {"ok": True, "version": "1", "home": "/h", "home_id": "h", "pid": 1, "schedules": True}
    for answer, expected in [
        (httpx.Response(200, json=well), True),
        (httpx.Response(200, json={**well, "ok": False}), False),
        (REFUSED, False),
        (httpx.Response(404), False),
    ]:
        with Client("http://127.0.0.1:1/", "t", transport=Recorder(answer)) as client:
            assert client.health() is expected


def test_health_with_a_wrong_token_is_an_error_rather_than_ill_health():
    with (
        Client("http://127.0.0.1:1/", "t", transport=Recorder(httpx.Response(403))) as client,
        pytest.raises(NotAllowed),
    ):
        client.health()
