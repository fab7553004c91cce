"""The description of the REST interface is true: generated requests to a live server, over all routes and methods."""

from __future__ import annotations

import functools
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.serving import LiveServer, Place, stop_templates
from trackside_server.openapi import OPENAPI_FILE

_ENDLESS = ("/events", "/ws", "/system/stream", "/runs/{id}/stream")
"""Streams have no whole answer; ``test_server_streams.py`` has them."""
_STARTING = ("/queue/resume",)
"""What would start the commands that are made up here."""
_CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
)
_numbers = itertools.count()
schema = schemathesis.openapi.from_dict(json.loads(OPENAPI_FILE.read_text())).exclude(path=[*_ENDLESS, *_STARTING])


@pytest.fixture(scope="module")
def paused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with two ended jobs and a waiting one, whose queue is paused for good."""
    place = Place(tmp_path_factory.mktemp("described") / "place")
    server = LiveServer(place).start()
    cell = "import trackside\nfor n in range(20): trackside.log({'loss': 1 / (1 + n)})\nprint('hello')"
    for name in ("one", "two"):
        server.ended(server.submit(cell=cell, name=name)["id"])
    server.post("queue/pause")
    server.submit(command=["true"], name="three")
    yield server
    server.stop()
    stop_templates(place.home)


def test_a_list_that_is_still_the_same_is_not_sent_again(paused: LiveServer) -> None:
    for path in ("jobs", "runs", "jobs/job-1", "runs/table"):
        first = paused.get(path)
        again = paused.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
    tag = paused.get("jobs").headers["ETag"]
    paused.submit(command=["true"], name="another")
    assert paused.get("jobs", headers={"If-None-Match": tag}).status_code == 200


def test_long_answers_are_packed_for_those_who_take_it(paused: LiveServer) -> None:
    for number in range(20):
        paused.submit(command=["echo", "x" * 500], name=f"long-{number}")
    far = {"Accept-Encoding": "gzip", "X-Forwarded-For": "192.0.2.7"}
    packed = paused.get("jobs", headers=far)
    plain = paused.get("jobs", headers={"Accept-Encoding": "gzip"})  # on the same machine it would only cost time
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 3
    assert "Content-Encoding" not in paused.get("jobs", headers={**far, "Accept-Encoding": "identity"}).headers
    unchanged = paused.get("jobs", headers={**far, "If-None-Match": packed.headers["ETag"]})
    assert unchanged.status_code == 304


def test_a_part_of_a_log_is_read_as_one_of_a_file(paused: LiveServer) -> None:
    whole = paused.get("jobs/job-1/log")
    assert (whole.status_code, whole.text) == (200, "hello\n")
    for asked, said, where in (
        ("bytes=0-2", "hel", "bytes 0-2/6"),
        ("bytes=-3", "lo\n", "bytes 3-5/6"),
        ("bytes=4-", "o\n", "bytes 4-5/6"),
    ):
        part = paused.get("jobs/job-1/log", headers={"Range": asked})
        assert (part.status_code, part.text, part.headers["Content-Range"]) == (206, said, where)
    beyond = paused.get("jobs/job-1/log", headers={"Range": "bytes=6-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, "bytes */6")
    assert paused.get("jobs/job-1/log?offset=1&limit=2", headers={"Range": "bytes=0-2"}).text == "el"


def test_a_caller_that_asks_without_end_is_told_to_wait(tmp_path: Path) -> None:
    server = LiveServer(Place(tmp_path / "place"), options=("--TracksideApp.requests_per_second=0.5",)).start()
    try:
        asked = {"Authorization": f"token {server.token}"}
        began = time.monotonic()
        answers = [httpx.get(f"{server.api}health", headers=asked) for _ in range(40)]  # none keeps a cookie
        took = time.monotonic() - began
        refused = [answer for answer in answers if answer.status_code == 429]
        assert 4 <= 40 - len(refused) <= 5 + 0.5 * took  # ten seconds' worth, of which the start had one
        assert {answer.status_code for answer in answers[:4]} == {200}
        assert refused[0].headers["Retry-After"] == "1"
        assert refused[0].json()["error"]["code"] == "too_many_requests"
        time.sleep(2.1)
        assert server.get("health").status_code == 200
    finally:
        server.stop()
        stop_templates(server.place.home)


@schema.parametrize()
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_is_described(case: Case, paused: LiveServer) -> None:
    _lead_somewhere(case)
    headers = {"Authorization": f"token {paused.token}"}
    case.call_and_validate(
        base_url=paused.api.rstrip("/"), headers=headers, checks=list(_CHECKS), timeout=60, allow_redirects=False
    )


def _lead_somewhere(case: Case) -> None:
    """Let most requests be about something that there is, and none wait for its end."""
    number = next(_numbers)
    if "id" in case.path_parameters and number % 4 and "uploads" not in case.path:
        names = ("job-1", "two") if case.method in ("GET", "PATCH") else ("job-3", "three")
        case.path_parameters["id"] = names[number % 2]
    if "path" in case.path_parameters and number % 4 == 1:
        case.path_parameters["path"] = "output.log"
        case.query["root"] = "run"
    if "ids" in case.query and number % 2:
        case.query["ids"] = "job-1,two"
    case.query.pop("follow", None)


@functools.cache
def _paths() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(OPENAPI_FILE.read_text())["paths"]
    return found


@pytest.mark.parametrize("path", list(_paths()))
def test_a_method_that_is_not_described_is_refused(paused: LiveServer, path: str) -> None:
    address = path.lstrip("/").replace("{id}", "job-1").replace("{path}", "output.log")
    for method in {"get", "post", "put", "patch", "delete"} - set(_paths()[path]):
        answer = paused.request(method.upper(), address)
        assert answer.status_code in (404, 405), (method, answer.status_code, answer.text)
        if path != "/ws":  # Jupyter's own page, since no browser shows it
            assert set(answer.json()["error"]) == {"code", "message", "hint"}
